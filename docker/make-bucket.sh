#!/bin/sh
# Run by the service `bucket` of compose.yaml at every start: makes what is missing, changes nothing else.
set -eu
key=$(cat /run/secrets/s3_access_key)

mc alias set minio "$MINIO_URL" "$MINIO_ROOT_USER" "$(cat "$MINIO_ROOT_PASSWORD_FILE")"
mc mb --ignore-existing "minio/$BUCKET"
mc admin policy create minio sluice /etc/minio/bucket-policy.json
mc admin user add minio "$key" "$(cat /run/secrets/s3_secret_key)"
# Refused when the policy is attached already.
mc admin policy attach minio sluice --user "$key" || case $(mc admin user info minio "$key") in
  *sluice*) ;;
  *) exit 1 ;;
esac
