// Package natsserver runs a NATS server with JetStream inside this process.
//
// It promises that an acknowledged message is on disk, that no second process
// works on the same folder, and that Start returns only when JetStream has
// recovered. Nothing can reach the server from outside unless Config.Listen is
// set. Read Config first.
package natsserver
