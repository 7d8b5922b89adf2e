#!/bin/sh
# Tells the people on duty how the backup went. From a crontab:
#   30 3 * * *  MESH=https://push.example.com TOKEN=pmst_… /opt/backup.sh
# The token: pushmesh key create --app <appId> --algorithm bearer
set -u

if tar -czf "${TARGET:-/tmp/backup.tgz}" "${SOURCE:-/etc/hostname}" 2>/dev/null; then
  text="Backup done"
else
  text="Backup failed on $(hostname)"
fi
curl -fsS -H "Authorization: Bearer $TOKEN" -d "$text" "$MESH/v1/messages?alias=on-duty&collapseKey=backup&ttl=43200"
