#!/bin/sh
# setup.sh installs what this machine lacks, and nothing else.
#
#   setup.sh run    what Hearth needs to run:  PostgreSQL
#   setup.sh test   what its tests need too:   a headless Chromium, Chinese fonts
#
# On Debian and Ubuntu it uses apt-get, as root or with sudo. Elsewhere it says
# what to install. When everything is there it does nothing.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

say() { printf '%s\n' "setup: $*"; }
die() { printf '%s\n' "setup: $*" >&2; exit 1; }

# The same places where adapters/localpg looks.
have_postgres() {
	for bin in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin; do
		if [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ]; then return 0; fi
	done
	command -v initdb >/dev/null && command -v postgres >/dev/null
}

# The names under which chromedp looks, and Debian's small one.
have_browser() {
	for name in chromium-headless-shell headless_shell chromium chromium-browser google-chrome; do
		if command -v "$name" >/dev/null; then return 0; fi
	done
	return 1
}

have_fonts() {
	if command -v fc-list >/dev/null; then
		[ -n "$(fc-list :lang=zh-cn family)" ]
	else
		ls /usr/share/fonts/*/*/*CJK* >/dev/null 2>&1
	fi
}

# as_root runs a command with the rights to install.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif ! command -v sudo >/dev/null; then
		return 1
	elif [ -t 0 ]; then
		sudo "$@"
	else
		sudo -n "$@"
	fi
}

can_install() {
	command -v apt-get >/dev/null && as_root true 2>/dev/null
}

apt_install() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		-o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold "$@"
}

# install is quiet when all goes well. Fresh containers have no package lists,
# and old ones name versions that are gone: fetch them once.
updated=no
install() {
	if [ "$updated" = no ]; then
		apt_install "$@" >/dev/null 2>&1 && return
		say "正在更新软件包列表(apt-get update)"
		updated=yes
		as_root apt-get update -qq || return 1
	fi
	said=$(apt_install "$@" 2>&1) || { printf '%s\n' "$said" >&2; return 1; }
}

# Hearth runs a cluster of its own, so the one that Debian would start is not
# wanted. This has to be said before the package is there.
no_system_cluster() {
	conf=/etc/postgresql-common/createcluster.conf
	if grep -qs '^[[:space:]]*create_main_cluster' "$conf"; then return 0; fi
	say "写入 $conf:create_main_cluster = false(不启动系统自带的数据库)"
	as_root sh -c "mkdir -p ${conf%/*} && echo 'create_main_cluster = false' >> $conf"
}

need_postgres() {
	if have_postgres; then return 0; fi
	hint="请安装 PostgreSQL 14 以上,例如:sudo apt-get install -y --no-install-recommends postgresql"
	can_install || die "$hint"
	no_system_cluster
	say "正在安装 PostgreSQL(apt-get install postgresql)"
	install postgresql && have_postgres || die "没有装上。$hint"
}

need_browser() {
	if have_browser; then return 0; fi
	hint="请安装无界面浏览器,例如:sudo apt-get install -y --no-install-recommends chromium-headless-shell"
	can_install || die "$hint"
	say "正在安装无界面浏览器(apt-get install chromium-headless-shell)"
	install chromium-headless-shell || install chromium || die "没有装上。$hint"
	have_browser || die "没有装上。$hint"
}

need_fonts() {
	if have_fonts; then return 0; fi
	hint="请安装中文字体,例如:sudo apt-get install -y --no-install-recommends fonts-noto-cjk"
	can_install || die "$hint"
	say "正在安装中文字体(apt-get install fonts-noto-cjk)"
	install fonts-noto-cjk && have_fonts || die "没有装上。$hint"
}

# axe-core checks pages for what shuts people out. It is pinned here, and by its
# hash in the tests.
axe=4.14.1
have_axe() { grep -qs "\"version\": \"$axe\"" "$root/.cache/node_modules/axe-core/package.json"; }

need_axe() {
	if have_axe; then return 0; fi
	command -v npm >/dev/null 2>&1 || {
		can_install || die "请安装 npm,例如:sudo apt-get install -y --no-install-recommends npm"
		say "正在安装 npm(apt-get install npm)"
		install npm || die "没有装上 npm。"
	}
	say "正在取得 axe-core $axe(npm install,放在 .cache)"
	(cd "$root" && npm install --prefix .cache --ignore-scripts --no-audit --no-fund --no-save "axe-core@$axe" >/dev/null) ||
		die "没有取得 axe-core $axe,请检查 npm 能否联网。"
	have_axe || die "取得的 axe-core 版本不对。"
}

case "${1-}" in
run)
	need_postgres
	;;
test)
	need_postgres
	need_browser
	need_fonts
	need_axe
	;;
*)
	die "用法:setup.sh run 或 setup.sh test"
	;;
esac
