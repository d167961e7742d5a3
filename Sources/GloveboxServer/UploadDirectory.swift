internal import Glibc
internal import GloveboxAPI
internal import GloveboxCore
internal import Hummingbird
internal import NIOCore
internal import NIOPosix

/// Where uploads are written while they arrive.
///
/// Nothing here is ever opened by a name that a caller chose.
struct UploadDirectory: Sendable {
    /// Absolute path.
    let path: String

    /// Writes a body to a new file.
    ///
    /// - Throws: `upload.too-large`, `request.invalid` when the body ends early or is not as long as announced,
    ///   `storage.full`, `internal`.
    func receive(_ body: RequestBody, announced: UInt64?) async throws(GloveboxError) -> BlobUpload {
        guard (announced ?? 0) <= BlobUpload.limit else { throw Self.tooLarge }
        let file = path + "/" + RequestIdentifier.make()
        let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("the upload cannot be kept", errno) }
        do throws(GloveboxError) {
            let bytes = try await write(body, to: descriptor)
            Glibc.close(descriptor)
            guard announced == nil || announced == bytes else {
                throw GloveboxError("request.invalid", "the upload is not as long as announced")
            }
            return BlobUpload(path: file, bytes: bytes)
        } catch {
            Glibc.close(descriptor)
            unsafe unlink(file)
            throw error
        }
    }

    /// Removes an upload, unless the service has moved it.
    func remove(_ upload: BlobUpload) { unsafe unlink(upload.path) }

    private func write(_ body: RequestBody, to descriptor: Int32) async throws(GloveboxError) -> UInt64 {
        var total: UInt64 = 0
        do {
            for try await chunk in body {
                total += UInt64(chunk.readableBytes)
                guard total <= BlobUpload.limit else { throw Self.tooLarge }
                try await NIOThreadPool.singleton.runIfActive { try Self.append(chunk, to: descriptor) }
            }
        } catch let error as GloveboxError {
            throw error
        } catch {
            throw GloveboxError("request.invalid", "the upload ended early")
        }
        return total
    }

    private static func append(_ chunk: ByteBuffer, to descriptor: Int32) throws(GloveboxError) {
        var rest = chunk.readableBytesView[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure("the upload cannot be kept", errno) }
            rest = rest.dropFirst(count)
        }
    }

    private static var tooLarge: GloveboxError {
        GloveboxError(
            "upload.too-large",
            "an upload has at most \(BlobUpload.limit) bytes",
            hint: "Leave out what the job does not need; data does not belong in the code tree."
        )
    }

    private static func failure(_ what: String, _ number: Int32) -> GloveboxError {
        let full = number == ENOSPC || number == EDQUOT
        return GloveboxError(full ? "storage.full" : "internal", "\(what) (errno \(number))")
    }
}
