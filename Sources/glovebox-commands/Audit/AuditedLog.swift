import GloveboxAPI
import GloveboxCore
import GloveboxLinux
import GloveboxTransparency

/// A log that was verified before anything of it is told.
struct AuditedLog {
    private let opened: LogTrust.Opened
    private let bodies: Int

    /// Verifies a log, then reads its events with the private bodies beside it; nil, after telling why, when the log
    /// does not verify.
    static func read(
        _ options: LogOptions,
        _ terminal: Terminal,
        _ visit: (PublicEvent, BodyDisclosure?) throws(GloveboxError) -> Void,
        manifest: (ExportManifest) -> Void = { _ in }
    ) async throws(GloveboxError) -> AuditedLog? {
        let trust = try options.trustOptions.trust()
        return try await LogPlace.with(options.log) { source throws(GloveboxError) -> AuditedLog? in
            let verdict = try await LogVerifier(source, trust: trust, now: SystemClock.now()).verify()
            guard verdict.isVerified, let opened = verdict.opened else {
                terminal.result(verdict.json, verdict.story)
                return nil
            }
            if let bytes = try await source.read(ExportManifest.name, limit: 1 << 16) {
                manifest(try ExportManifest(parsing: bytes))
            }
            do throws(GloveboxError) {
                let bodies = try await EventReading(source, checkpoint: opened.checkpoint).read(visit)
                return AuditedLog(opened: opened, bodies: bodies)
            } catch {
                guard error.code.hasPrefix("audit.") || error.code.hasPrefix("log.") else { throw error }
                _ = AuditStatus.refuse(error, terminal)
                return nil
            }
        }
    }

    /// Verifies a log and reads it in the same pass, for who tells nothing of it before the end; nil, after telling why, when
    /// it does not verify.
    ///
    /// What `visit` made of the events is worth nothing then.
    static func gather(
        _ options: LogOptions,
        _ terminal: Terminal,
        _ visit: (PublicEvent, BodyDisclosure?) -> Void,
        manifest: (ExportManifest) -> Void = { _ in }
    ) async throws(GloveboxError) -> AuditedLog? {
        let trust = try options.trustOptions.trust()
        return try await LogPlace.with(options.log) { source throws(GloveboxError) -> AuditedLog? in
            let shown = try await source.read(EventReading.bodies, limit: BodyFile.maxBytes) ?? []
            let export = try await source.read(ExportManifest.name, limit: 1 << 16)
            var bodies: BodyFile?
            // Whatever is wrong beside the log is told when the log itself is right.
            var fault: GloveboxError?
            do throws(GloveboxError) {
                if let export { manifest(try ExportManifest(parsing: export)) }
                bodies = try BodyFile(shown)
            } catch { fault = error }
            let verdict = try await LogVerifier(source, trust: trust, now: SystemClock.now()).verify { event in
                guard fault == nil else { return }
                do throws(GloveboxError) { visit(event, try bodies?.body(of: event)) } catch { fault = error }
            }
            guard verdict.isVerified, let opened = verdict.opened else {
                terminal.result(verdict.json, verdict.story)
                return nil
            }
            do throws(GloveboxError) {
                if let fault { throw fault }
                try bodies?.finish()
                return AuditedLog(opened: opened, bodies: bodies?.count ?? 0)
            } catch {
                guard error.code.hasPrefix("audit.") || error.code.hasPrefix("log.") else { throw error }
                _ = AuditStatus.refuse(error, terminal)
                return nil
            }
        }
    }

    /// What was checked and what was not, for people.
    var lines: [String] {
        let checkpoint = opened.checkpoint
        let witnesses = opened.witnesses.map { "\($0.count) as the policy asks" } ?? "not asked: no policy was given"
        return [
            "",
            "log        \(Display.escape(checkpoint.origin)), \(checkpoint.size) entries, root \(checkpoint.root.hex)",
            "checked    the log's signature, every file, both roots, the form and place of every entry",
            "bodies     \(bodies == 0 ? "none beside this log" : "\(bodies) shown, each the one its entry commits to")",
            "witnesses  \(witnesses)",
            "unchecked  times, which are the site's word; the root of trust is emulated",
        ]
    }

    /// The same for programs.
    var json: JSONValue {
        [
            "bodies": .integer(Int64(bodies)), "key": .string(Hex.encode(opened.key.logID)),
            "origin": .string(opened.checkpoint.origin), "root": .string(opened.checkpoint.root.hex),
            "size": .string(String(opened.checkpoint.size)), "verified": true,
            "witnesses": opened.witnesses.map { .integer(Int64($0.count)) } ?? .null,
        ]
    }
}
