internal import Glibc
internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxObjects

/// Objects of buckets that tasks may name: of the buckets in `tes.s3`, and of no other.
///
/// They are read when a task is staged and written when it has been released, by the site: jobs have no network. Which
/// buckets there are may change while a task waits, so that is looked at when it is staged, and announced before.
struct TaskObjects: Sendable {
    let buckets: [BucketSettings]

    /// What a task's reader is told from the start; what runs on private data was read before.
    func announcements(of task: TaskDocument, isFree: Bool) -> [String] {
        func word(_ url: String, _ what: String) -> String? {
            guard ObjectAddress.isMeant(by: url) else { return nil }
            let bucket = String(url.dropFirst(5).prefix { $0 != "/" })
            return buckets.contains { $0.bucket == bucket }
                ? "\(Display.escape(url)) is \(what)."
                : "\(Display.escape(url)) is \(what), if this site has the bucket \(Display.escape(bucket)) by then: "
                    + "it has not now, and a task is not staged without."
        }
        return (isFree ? task.fetched : []).compactMap { word($0.url, "read before the task starts") }
            + task.outputs.compactMap { word($0.url, "written when the task has been released") }
    }

    /// Refuses a task that is to be staged and names a bucket that the site has not.
    ///
    /// - Throws: `s3.bucket`.
    func check(_ task: TaskDocument, isFree: Bool) throws(GloveboxError) {
        for url in (isFree ? task.fetched.map(\.url) : []) + task.outputs.map(\.url)
        where ObjectAddress.isMeant(by: url) {
            _ = try settings(of: String(url.dropFirst(5).prefix { $0 != "/" }))
        }
    }

    /// Reads an object into a file that has no name.
    ///
    /// - Throws: `s3.*`, `input.missing`, `input.too-large`, `config.invalid`, `storage.write`.
    func fetch(_ address: ObjectAddress, limit: Int64, into file: Descriptor) throws(GloveboxError) -> Int64 {
        let bucket = try bucket(address.bucket)
        return try Blocking.wait { () throws(GloveboxError) in
            try await bucket.read(address.key, limit: limit) { () throws(GloveboxError) in
                guard ftruncate(file.raw, 0) == 0, lseek(file.raw, 0, SEEK_SET) == 0 else {
                    throw SyscallError("ftruncate", errno).coded("storage.write")
                }
            } sink: { (bytes) throws(GloveboxError) in
                do throws(SyscallError) { try file.write(bytes) } catch { throw error.coded("storage.write") }
            }
        }
    }

    /// Writes a released file.
    ///
    /// - Throws: `s3.*`, `config.invalid`, `output.undelivered` for a name that no object can have.
    func write(_ bytes: [UInt8], to url: String) throws(GloveboxError) {
        guard let address = ObjectAddress(url: url) else {
            throw GloveboxError("output.undelivered", "\(Display.escape(url)) is no address of an object")
        }
        let bucket = try bucket(address.bucket)
        try Blocking.wait { () throws(GloveboxError) in try await bucket.write(address.key, bytes) }
    }

    /// A bucket with the keys that its file has now.
    private func bucket(_ name: String) throws(GloveboxError) -> Bucket {
        let settings = try settings(of: name)
        return Bucket(settings, try Self.credentials(settings.credentials)) { Machine.now() }
    }

    private func settings(of name: String) throws(GloveboxError) -> BucketSettings {
        guard let found = buckets.first(where: { $0.bucket == name }) else {
            throw GloveboxError(
                "s3.bucket",
                "this site has no bucket \(Display.escape(name))",
                hint: "The operator names it in gloveboxd.yaml: tes.s3."
            )
        }
        return found
    }

    private static func credentials(_ path: String) throws(GloveboxError) -> Credentials {
        let (text, isOpen): ([UInt8], Bool)
        do throws(SyscallError) {
            let file = try Descriptor.open(path, O_RDONLY)
            isOpen = try file.status().permissions & 0o077 != 0
            text = try file.readAll(limit: 65536)
        } catch { throw error.coded("config.invalid") }
        guard !isOpen else {
            throw GloveboxError(
                "config.invalid",
                "others can read the keys in \(Display.escape(path))",
                hint: "chmod 600 \(Display.escape(path))"
            )
        }
        return try Credentials(text: String(decoding: text, as: UTF8.self))
    }
}

extension TaskDocument {
    /// The inputs that are objects of buckets.
    var fetched: [Input] { inputs.filter { $0.content == nil && ObjectAddress.isMeant(by: $0.url) } }
}
