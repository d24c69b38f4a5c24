# Runs inside namespaces of its own (mount, network, UTS): makes a realm with its KDC
# in the folder $1, then runs the rest of the command line in it.
set -eu
dir=$1; shift
ip link set lo up
hostname srv.test.local
printf '127.0.0.1 srv.test.local srv\n127.0.0.1 localhost\n' > "$dir/hosts"
mount --bind "$dir/hosts" /etc/hosts
cat > "$dir/krb5.conf" <<C
[libdefaults]
 default_realm = TEST.LOCAL
 dns_lookup_kdc = false
 dns_lookup_realm = false
 rdns = false
 udp_preference_limit = 1
 permitted_enctypes = $ENCTYPE
[realms]
 TEST.LOCAL = {
  kdc = 127.0.0.1:8888
 }
[domain_realm]
 .test.local = TEST.LOCAL
C
cat > "$dir/kdc.conf" <<C
[kdcdefaults]
 kdc_listen = 127.0.0.1:8888
 kdc_tcp_listen = 127.0.0.1:8888
[realms]
 TEST.LOCAL = {
  database_name = $dir/principal
  key_stash_file = $dir/stash
  supported_enctypes = $ENCTYPE:normal
 }
C
export KRB5_CONFIG=$dir/krb5.conf KRB5_KDC_PROFILE=$dir/kdc.conf KRB5CCNAME=FILE:$dir/cache
kdb5_util create -s -P master -r TEST.LOCAL >/dev/null 2>&1
for q in 'addprinc -pw pw alice' 'addprinc -randkey libvirt/srv.test.local' "ktadd -k $dir/krb5.tab libvirt/srv.test.local"; do
  kadmin.local -q "$q" >/dev/null 2>&1
done
krb5kdc -n & kdc=$!
trap 'kill $kdc' EXIT
until (: < /dev/tcp/127.0.0.1/8888) 2>/dev/null; do sleep 0.05; done
echo pw | kinit alice >/dev/null
"$@"
