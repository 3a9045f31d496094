package localpg

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// settings suit read models that are written in batches by few connections and
// read by many. Durability stays as PostgreSQL ships it.
func settings() map[string]string {
	return map[string]string{
		"listen_addresses":        "",
		"unix_socket_permissions": "0700",
		"password_encryption":     "scram-sha-256",
		"max_connections":         "100",
		"shared_buffers":          "256MB",
		"effective_cache_size":    "1GB",
		"work_mem":                "16MB",
		"maintenance_work_mem":    "128MB",
		"max_wal_size":            "2GB",
		"random_page_cost":        "1.1",
		"jit":                     "off",
		"timezone":                "UTC",
		"log_timezone":            "UTC",
		"log_line_prefix":         "%m [%p] ",
		// The message of an error, its details and its statement can hold what a
		// clerk typed. They go to the application and stay out of the log.
		"log_min_messages":        "log",
		"log_min_error_statement": "panic",
		"log_error_verbosity":     "terse",
		// Nor do statements, for whatever reason they are logged, and their
		// parameters least of all.
		"log_statement":                     "none",
		"log_min_duration_statement":        "-1",
		"log_min_duration_sample":           "-1",
		"log_transaction_sample_rate":       "0",
		"log_parameter_max_length":          "0",
		"log_parameter_max_length_on_error": "0",
	}
}

// arguments are those of the postgres program. Settings on the command line
// win over everything in the data folder, so there is one place to look.
func (c *Cluster) arguments() []string {
	merged := settings()
	maps.Copy(merged, c.cfg.Params)
	merged["port"] = port
	merged["unix_socket_directories"] = c.socket
	args := []string{"-D", c.data()}
	for _, name := range slices.Sorted(maps.Keys(merged)) {
		args = append(args, "-c", name+"="+merged[name])
	}
	return args
}

// logLimit is the size at which the log is put aside at the next start.
const logLimit = 10 << 20

// openLog opens the log for appending. One older file is kept.
func openLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > logLimit {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, fmt.Errorf("postgres log: %w", err)
		}
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("postgres log: %w", err)
	}
	return file, nil
}

// tailLimit is how much of a program's words an error repeats.
const tailLimit = 1000

func tail(said []byte) string {
	return string(said[max(0, len(said)-tailLimit):])
}

// logTail is what was written to the log from a position on.
func logTail(path string, from int64) string {
	file, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	said, err := io.ReadAll(io.NewSectionReader(file, from, logLimit))
	if err != nil {
		return err.Error()
	}
	return tail(said)
}
