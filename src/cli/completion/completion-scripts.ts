/**
 * The completion scripts. Each asks `sluice complete -- WORDS` for lines of `value<TAB>hint`; nothing that was typed is
 * evaluated. A suggestion that ends with `=`, `@` or `/` is not complete, so no blank follows it.
 */
export const COMPLETION_SCRIPTS = {
  bash: `# bash completion for sluice
_sluice() {
  local line="\${COMP_LINE:0:COMP_POINT}" word value hint before
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  word="\${words[-1]}"
  # bash splits words at "=", ":" and "@" too: what stands before the last of them is there already.
  before=''
  [[ $word == *[=:@]* ]] && before="\${word%"\${word##*[=:@]}"}"
  COMPREPLY=()
  while IFS=$'\\t' read -r value hint; do
    [[ $value == "$word"* ]] || continue
    [[ $value == *[=@/] ]] && compopt -o nospace 2>/dev/null
    COMPREPLY+=("\${value#"$before"}")
  done < <(sluice complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _sluice sluice
`,
  zsh: `#compdef sluice
_sluice() {
  local value hint
  local -a whole wholehints open openhints
  while IFS=$'\\t' read -r value hint; do
    if [[ $value == *[=@/] ]]; then
      open+=("$value") openhints+=("$value\${hint:+  -- $hint}")
    else
      whole+=("$value") wholehints+=("$value\${hint:+  -- $hint}")
    fi
  done < <(sluice complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( $#whole )) && compadd -l -d wholehints -a whole
  (( $#open )) && compadd -S '' -l -d openhints -a open
}
compdef _sluice sluice
`,
  fish: `# fish completion for sluice
function __sluice_complete
  set -l words (commandline -opc) (commandline -ct)
  sluice complete -- $words[2..-1] 2>/dev/null
end
complete -c sluice -f -a '(__sluice_complete)'
`,
} as const;
