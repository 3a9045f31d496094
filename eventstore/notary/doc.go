// Package notary seals the event log: one leaf of a Merkle tree for each stored
// message, kept as tiles, and signed checkpoints that anybody can hold against
// us (C2SP tlog-tiles, tlog-checkpoint, tlog-proof, tlog-cosignature; RFC 6962).
//
// It promises that the tree is a pure function of the stored messages: the leaf
// of the message at position p has the index p-1, whoever computes it, whenever,
// and from whichever copy of the log. So a crash cannot make the notary disagree
// with itself, and tiles that are lost are computed anew.
//
// Read in this order: leaf.go, what a leaf covers; tree.go, the growing tree;
// tiles.go, the tree on disk; checkpoint.go, what is signed; cosign.go, what
// witnesses sign; proof.go, what is handed out; seal.go, the order of writes;
// verify.go, the comparison of copies.
package notary
