#!/bin/sh
# Makes the secrets that docker-compose.yml hands to its containers, each in a file of its own in deploy/secrets. What is there
# already stays: run it again after an upgrade that needs a new one.
#
#   sh deploy/make-secrets.sh [DIRECTORY]
#
# The directory is closed to everybody else on this machine. The files in it are not: containers read them under users of their
# own, and get to see those alone that docker-compose.yml gives them.
set -eu

directory=${1:-$(dirname "$0")/secrets}
umask 077
mkdir -p "$directory"
chmod 700 "$directory"

# 256 random bits in hexadecimal: good in an address, a configuration file and a header alike.
random() {
  od -A n -v -t x1 -N 32 /dev/urandom | tr -d ' \n'
}

# keep NAME VALUE: unless it is there. Whole or not at all, also when this is interrupted.
keep() {
  [ ! -e "$directory/$1" ] || return 0
  printf '%s\n' "$2" >"$directory/.$1.new"
  chmod 444 "$directory/.$1.new"
  mv "$directory/.$1.new" "$directory/$1"
  made="$made $1"
}

value() {
  cat "$directory/$1"
}

made=''
keep admin_password "$(random)"
keep postgres_password "$(random)"
keep database_url "postgres://zhian:$(value postgres_password)@postgres:5432/zhian"
keep redis_password "$(random)"
keep redis_url "redis://:$(value redis_password)@redis:6379/0"
keep redis_auth "requirepass $(value redis_password)
masterauth $(value redis_password)"
keep influx_password "$(random)"
keep influx_token "$(random)"
# 32 bytes in base64: seals what is personal in the ledger.
keep personal_key "$(head -c 32 /dev/urandom | base64)"

if [ -z "$made" ]; then
  echo "都已存在，没有改动。All there already; nothing was changed: $directory"
else
  echo "已生成 made in $directory:$made"
  echo "首个管理员 admin 的密码在 admin_password 里，登录后请更换。The password of the first admin is in admin_password: change it after signing in."
  echo "personal_key 封存个人信息，不在任何备份里：现在就另行抄存。It is in no backup: keep a copy elsewhere, now."
fi
