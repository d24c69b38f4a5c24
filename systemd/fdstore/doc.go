// Package fdstore lets systemd hold files for a service that ends: a keep.Holder.
//
// FDSTORE=1 hands a file over under a name, FDPOLL=0 keeps systemd from giving it up
// when its other side is gone, FDSTOREREMOVE=1 takes it back. The next process of the
// service finds it among the sockets (package activation). A unit needs
// FileDescriptorStoreMax= for that; without it systemd closes what it is given and
// says nothing, so that Open tries it out.
package fdstore
