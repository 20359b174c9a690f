#!/bin/sh
# What udhcpc calls when it has a lease.
case $1 in bound|renew) ;; *) exit 0 ;; esac
ip addr replace "$ip/${mask:-24}" dev "$interface"
[ "$ip" = 10.0.2.15 ] || ip addr del 10.0.2.15/24 dev "$interface" 2>/dev/null
for gateway in $router; do ip route replace default via "$gateway"; break; done
for server in $dns; do echo "nameserver $server"; done > /etc/resolv.conf
