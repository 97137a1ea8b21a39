# Two hosts on one machine: two network namespaces with a wire between them, which stdin cuts and mends. Run by `unshare -rn`.
set -e
ip link set lo up
unshare -n sleep infinity &
far=$!
trap 'kill $far' EXIT
# Until it is in a namespace of its own.
while [ "$(readlink /proc/$far/ns/net)" = "$(readlink /proc/$$/ns/net)" ]; do sleep 0.05; done
ip link add name near0 type veth peer name far0
ip link set far0 netns $far
ip addr add 10.77.0.1/24 dev near0
ip link set near0 up
nsenter -t $far -n sh -c 'ip link set lo up; ip addr add 10.77.0.2/24 dev far0; ip link set far0 up'
echo "$$ $far"
while read -r wish; do
  case $wish in
    cut) ip link set near0 down ;;
    mend) ip link set near0 up ;;
  esac
  echo done
done
