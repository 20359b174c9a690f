#!/bin/sh
# Runs in the guest as root: installs what the file provisioners left in /tmp/upload.
set -eu
mkdir -p /srv/www
cp -r /tmp/upload/site/. /srv/www/
printf '%s\n' "$GREETING" > /srv/www/greeting.txt
cp /tmp/upload/motd /etc/motd
cat > /etc/rc.local <<'EOF'
httpd -p 80 -h /srv/www
EOF
echo "installed $(find /srv/www -type f | wc -l) files"
