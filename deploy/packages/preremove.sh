#!/bin/sh
# Runs before the package is removed; at an upgrade, postinstall.sh restarts the
# service instead. deb says "remove" here, rpm says 0.
set -e
if [ -d /run/systemd/system ] && { [ "$1" = remove ] || [ "$1" = 0 ]; }; then
	systemctl disable --now taskctl.socket taskctl.service
fi
