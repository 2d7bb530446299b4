#!/bin/sh
# Stands in for a service: answers its health endpoint and listens on its TCP ports.
# HEALTH_PORT, HEALTH_PATH, HEALTH_STATUS and PORTS come from the image's environment.
set -eu
www=/tmp/www
rm -rf "$www"
mkdir -p "$www"
cd "$www"
path=${HEALTH_PATH%%\?*}
case $path in
    */) mkdir -p ".$path"; file=".${path}index.html" ;;
    *) mkdir -p ".${path%/*}"; file=".$path" ;;
esac
[ -e index.html ] || echo "stand-in for $IMAGE" > index.html
echo '{"status": "ok", "stand-in": true}' > "$file"

listeners=
for port in $PORTS; do
    if [ "$port" = "$HEALTH_PORT" ] && [ "$HEALTH_STATUS" != 200 ]; then
        printf '#!/bin/sh\nread -r line\nprintf "HTTP/1.0 %s Stand-in\\r\\nConnection: close\\r\\n\\r\\n"\n' \
            "$HEALTH_STATUS" > /tmp/answer
        chmod 755 /tmp/answer
        nc -ll -p "$port" -e /tmp/answer &
    else
        httpd -f -p "$port" -h "$www" &
    fi
    listeners="$listeners $!"
done
trap 'kill $listeners; exit 0' TERM INT
echo "stand-in for $IMAGE listens on: $PORTS"
wait
