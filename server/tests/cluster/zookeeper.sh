#!/usr/bin/env bash
# Fetches ZooKeeper into a folder, from Debian's packages: zookeeper.sh FOLDER
# Nothing is installed, and no rights are asked for. Every package is compared with its checksum.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
list=$here/zookeeper.sha256
jars=(zookeeper zookeeper-jute slf4j-api slf4j-simple metrics-core snappy-java)

fail() {
    printf '%s\n' "$1" \
        'The tests of a cluster need ZooKeeper. Put its jars into .zookeeper/ by hand:' \
        "${jars[*]/%/.jar}" \
        'or name the nodes of a cluster that is there: SLUICE_CLUSTER=http://…,http://…,http://…' >&2
    exit 1
}

java -version 2> /dev/null ||
    fail 'Java is missing (11 or newer, on Debian: apt-get install openjdk-17-jre-headless).'

mkdir -p "$1"
cd "$1"
for jar in "${jars[@]}"; do
    [ -e "$jar.jar" ] || missing=1
done
[ "${missing:-}" ] || exit 0
command -v apt-get dpkg-deb > /dev/null || fail 'This is no Debian.'

mkdir -p work/lists/partial work/archives/partial
cd work
# The lists of the system may be empty or old; those of the folder are its own.
own=(-o "Dir::State::Lists=$PWD/lists" -o "Dir::Cache=$PWD" -o "APT::Sandbox::User=$(id -un)")
packages=()
while read -r _ file; do
    IFS=_ read -r name version _ <<< "$file"
    packages+=("$name=$version")
done < "$list"
apt-get -qq "${own[@]}" download "${packages[@]}" 2> /dev/null || {
    apt-get -qq "${own[@]}" update &&
        apt-get -qq "${own[@]}" download "${packages[@]}"
} || fail 'Debian does not have the packages any more.'
# Debian writes a colon of a version as %3a in a file; none of these has one.
sha256sum --quiet --check "$list" || fail 'A package is not what it was.'
for package in *.deb; do
    dpkg-deb --extract "$package" root
done
for jar in "${jars[@]}"; do
    cp -L "root/usr/share/java/$jar.jar" ..
done
cd ..
rm -rf work
