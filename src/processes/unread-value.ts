/** Stands in the place of an input's value that is yet to be fetched, or cannot be read: all that is known is that there is one. */
export const UNREAD_VALUE = Symbol('unread value');
