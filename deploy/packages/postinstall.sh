#!/bin/sh
# Runs after the package is installed or upgraded.
set -e
if command -v systemd-sysusers >/dev/null; then
	systemd-sysusers taskctl.conf
fi
if command -v systemd-tmpfiles >/dev/null; then
	systemd-tmpfiles --create taskctl.conf
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	# The sockets stay open during the restart.
	systemctl try-restart taskctl.service
fi
