// Package witness is the folder of a witness (见证单位): somebody outside, with a
// computer that needs neither network nor database, who is handed checkpoints
// now and then, makes sure that each is a continuation of the one before, and
// cosigns it. What a witness holds, the log cannot take back.
//
// The folder has these files:
//
//	key           the secret key of the witness
//	register.txt  one line for every step, each with a sum over all before it
//	accepted.txt  the checkpoint of the last line, as the log signed it
//	held.txt      the checkpoint that is held, cosigned
//	alarm-*/      both sides of a contradiction, kept for those who inquire
//
// It promises that a checkpoint is held before it is cosigned: the line in the
// register is the point of no return, and the cosignature is computed from that
// line. A crash anywhere leaves the folder as it was or as it should be. It also
// promises that a refusal changes nothing, but for the record of an alarm.
//
// Read register.go, then witness.go, then import.go.
package witness
