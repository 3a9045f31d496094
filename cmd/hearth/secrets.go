package main

import (
	"errors"
	"io/fs"
	"os"

	"hearth/domain"
)

// keyFiles are the files that open something, as far as this machine has them.
func (c config) keyFiles() []string {
	return []string{c.notaryKey(), c.passphraseFile(), c.NATS.Service, c.NATS.Provisioner, c.NATS.Creds, c.NATS.Key}
}

// checkKeyFiles refuses to start on keys that every user of the machine can
// read. A group may: some put their secrets into containers so.
func (c config) checkKeyFiles() error {
	for _, file := range c.keyFiles() {
		if err := checkKeyFile(file); err != nil {
			return err
		}
	}
	return nil
}

// checkKeyFile has no opinion on a file that is not there: whoever reads it says
// so.
func checkKeyFile(file string) error {
	if file == "" {
		return nil
	}
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return domain.Reject("key_unreadable", "不能查看密钥文件 %s(%v)。请核对它的路径和权限。", file, err)
	}
	if mode := info.Mode().Perm(); mode&0o007 != 0 || mode&0o020 != 0 {
		return domain.Reject("key_open", "密钥文件 %s 的权限是 %04o,别人也能读取或改动。请运行 chmod 600 %s 后再启动;如果可能已被人看过,请更换密钥。", file, mode, file)
	}
	return nil
}
