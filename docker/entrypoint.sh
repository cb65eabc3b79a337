#!/bin/sh
# The container's `mousekeeper`: becomes PUID:PGID with UMASK, then runs the program. The first `run` gets a
# config.yaml that fits the container's folders.
set -eu

program=${MOUSEKEEPER_PROGRAM:-/opt/mousekeeper/bin/mousekeeper}
starter=${MOUSEKEEPER_STARTER:-/usr/local/share/mousekeeper/config.yaml}
config=${MOUSEKEEPER_CONFIG:-/config/config.yaml}
folder=$(dirname "$config")
export HOME="$folder"

umask "${UMASK:-002}"

as_user=
if [ "$(id -u)" = 0 ]; then
    puid=${PUID:-1001}
    pgid=${PGID:-1001}
    case "$puid$pgid" in
    *[!0-9]*)
        echo "PUID and PGID must be numbers, such as 1001 (the command \`id\` shows yours)." >&2
        exit 78
        ;;
    esac
    # Folders and files of our own. A file with a second hardlink is somebody's media: its owner stays.
    find "$folder" -xdev \( -type d -o -type f -links 1 \) \( ! -uid "$puid" -o ! -gid "$pgid" \) \
        -exec chown "$puid:$pgid" {} +
    as_user="setpriv --reuid=$puid --regid=$pgid --clear-groups --no-new-privs"
fi

if [ "${1:-}" = run ] && [ ! -e "$config" ]; then
    $as_user cp "$starter" "$config"
    echo "Wrote $config for this container; to change it, edit it and start again." >&2
fi

# shellcheck disable=SC2086 # words on purpose
exec $as_user "$program" "$@"
