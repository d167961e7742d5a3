/// The digests of a tree as tools compute them that know nothing of Glovebox, one script per tool; each takes the
/// directories that hold a tree called `code` and prints one digest per line.
enum Recipes {
    /// The shell recipe of attestation section 5 for the git tree, with one repository for all.
    static let git = #"""
        T=$(mktemp -d)
        git init -q --object-format=sha256 --bare "$T/r"
        printf '* -text -filter -ident -working-tree-encoding -eol\n' >"$T/r/info/attributes"
        for dir in "$@"; do
            rm -f "$T/r/index"
            (cd "$dir" && GIT_DIR=$T/r GIT_WORK_TREE=$PWD/code GIT_CONFIG_NOSYSTEM=1 HOME=$T git -c core.autocrlf=false \
                -c core.fileMode=true -c core.symlinks=true add -A -f .)
            GIT_DIR=$T/r git write-tree
        done
        rm -rf "$T"
        """#

    /// The shell recipe of attestation section 5 for the lines of `sha256sum`; `--` for names that begin with a dash.
    static let dirHash = #"""
        for dir in "$@"; do
            (cd "$dir/code"
            find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0r sha256sum -- | sha256sum | cut -f1 -d' ')
        done
        """#

    /// Nix's own program.
    static let nix = #"for dir in "$@"; do nix-hash --type sha256 "$dir/code"; done"#

    /// A second implementation of the archive, from its definition, in Python.
    static let python = #"""
        cat >"$1/nar.py" <<'END'
        import hashlib, os, stat, sys

        def string(b):
            return len(b).to_bytes(8, "little") + b + bytes(-len(b) % 8)

        def node(path):
            out = string(b"(") + string(b"type")
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                out += string(b"symlink") + string(b"target") + string(os.readlink(path))
            elif stat.S_ISDIR(mode):
                out += string(b"directory")
                for name in sorted(os.listdir(path)):
                    out += string(b"entry") + string(b"(") + string(b"name") + string(name)
                    out += string(b"node") + node(os.path.join(path, name)) + string(b")")
            else:
                out += string(b"regular")
                if mode & 0o100:
                    out += string(b"executable") + string(b"")
                out += string(b"contents") + string(open(path, "rb").read())
            return out + string(b")")

        for path in sys.argv[1:]:
            archive = string(b"nix-archive-1") + node(os.fsencode(path + "/code"))
            print(hashlib.sha256(archive).hexdigest())
        END
        python3 "$1/nar.py" "$@"
        """#
}
