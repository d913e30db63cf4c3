#!/bin/sh
# Makes the secrets that compose.yaml hands to the containers as files: ./make-secrets.sh [directory]
# What is there already stays as it is. The directory is private; the files in it are readable, because each container reads
# them as the user it runs as.
set -eu
umask 022
directory=${1:-$(dirname "$0")/secrets}
mkdir -p "$directory"
chmod 700 "$directory"

# Random characters that need no escaping in a URL or in a configuration file.
random() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# secret <name> <value>
secret() {
  [ -e "$directory/$1" ] && return
  printf '%s' "$2" >"$directory/$1.new"
  chmod 444 "$directory/$1.new"
  mv "$directory/$1.new" "$directory/$1"
}

secret postgres_password "$(random 24)"
secret database_url "postgres://sluice:$(cat "$directory/postgres_password")@postgres:5432/sluice"
secret redis_password "$(random 24)"
secret redis_auth "requirepass $(cat "$directory/redis_password")"
secret redis_url "redis://:$(cat "$directory/redis_password")@redis:6379"
secret minio_root_password "$(random 24)"
secret s3_access_key "sluice$(random 7)"
secret s3_secret_key "$(random 20)"
secret secret_keys "k1:$(head -c 32 /dev/urandom | base64)"
secret callback_secret "$(random 24)"
