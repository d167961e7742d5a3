internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux

/// The regular files below a directory, by path.
enum StateTree {
    /// What of a state directory belongs into each half, and which directories in it belong into none.
    ///
    /// - Throws: `storage.read`.
    static func halves(_ root: String) throws(GloveboxError) -> (
        files: [StateParts.Half: Set<String>], others: [String]
    ) {
        var files: [StateParts.Half: Set<String>] = [.data: [], .keys: []]
        var others: [String] = []
        try walk(root) { path, isDirectory in
            let half = StateParts.half(of: path, isDirectory: isDirectory)
            guard isDirectory else {
                if let half { files[half]?.insert(path) }
                return false
            }
            if half == nil, !path.contains("/"), !StateParts.isKnown(path) { others.append(path) }
            return half != nil
        }
        return (files, others.sorted())
    }

    /// All files below a directory.
    ///
    /// - Throws: `storage.read`; `backup.damaged` for anything that is neither file nor directory.
    static func files(_ root: String) throws(GloveboxError) -> Set<String> {
        var files: Set<String> = []
        var strange: String?
        let note = { (path: String, isDirectory: Bool) in
            if !isDirectory { files.insert(path) }
            return true
        }
        try walk(root, onOther: { strange = $0 }, visit: note)
        if let strange { throw Backup.damaged("\(Display.escape(strange)) is neither a file nor a directory") }
        return files
    }

    /// Visits files and directories; what `visit` answers for a directory says whether to go into it.
    ///
    /// Links are not followed, but for those at the top: operators move large parts of a site to other disks.
    private static func walk(
        _ root: String,
        onOther: (String) -> Void = { _ in },
        visit: (_ path: String, _ isDirectory: Bool) -> Bool
    ) throws(GloveboxError) {
        var pending = [""]
        do throws(SyscallError) {
            while let parent = pending.popLast() {
                let names: [[UInt8]]
                do { names = try Descriptor.open("\(root)/\(parent)", O_RDONLY | O_DIRECTORY).names() } catch {
                    // A directory may go while the site works.
                    guard error.errno == ENOENT, !parent.isEmpty else { throw error }
                    continue
                }
                for name in names {
                    let text = String(decoding: name, as: UTF8.self)
                    let path = parent.isEmpty ? text : "\(parent)/\(text)"
                    let status: FileStatus
                    do { status = try FileStatus.of("\(root)/\(path)", followingLinks: parent.isEmpty) } catch {
                        guard error.errno == ENOENT else { throw error }
                        continue
                    }
                    if status.isDirectory {
                        if visit(path, true) { pending.append(path) }
                    } else if status.isRegular {
                        _ = visit(path, false)
                    } else {
                        onOther(path)
                    }
                }
            }
        } catch { throw error.coded("storage.read") }
    }
}
