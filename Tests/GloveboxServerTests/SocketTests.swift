import Glibc
import GloveboxAPI
import GloveboxCore
import GloveboxJobs
import GloveboxLinux
import Logging
import TestSupport
import Testing

@testable import GloveboxServer

@Suite struct SocketTests {
    /// Runs a server on a socket of its own while the body talks to it.
    private func serve(
        _ site: TestSite,
        _ body: (GloveboxClient, String) async throws -> Void
    ) async throws {
        let scratch = try TestPrograms.scratch()
        let (ready, signal) = AsyncStream<Void>.makeStream()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let dispatcher = Dispatcher(service: site, authenticator: site, uploads: scratch, logger: logger)
        let server = try APIServer(
            dispatcher,
            socket: scratch + "/api.sock",
            logger: logger,
            onReady: { signal.yield() }
        )
        let task = Task { try await server.run() }
        for await _ in ready { break }
        let client = try GloveboxClient(ServerAddress("unix://" + scratch + "/api.sock"), token: "researcher")
        // A client that is let go while it is open ends the process, and with it every other test.
        do { try await body(client, scratch) } catch {
            await client.close()
            throw error
        }
        await client.close()
        task.cancel()
        _ = await task.result
        #expect(names(in: scratch).isEmpty)
    }

    @Test func `client and server understand each other over the socket`() async throws {
        let site = TestSite()
        try await serve(site) { (client, scratch) async throws in
            #expect(try await client.health().assurance == "emulated")
            #expect(try await client.whoami().roles == [.researcher])
            #expect(try await client.job(id: "job_x", wait: 3) == TestSite.job)
            #expect(try await client.mock(dataset: "fair") == Array("a,b\n".utf8))
            #expect(try await client.receipt(id: "job_x")["manifest.json"]?.count == 12_000_000)
            #expect(try await client.planFile(digest: .zero, path: "ü/a b%") == Array("ü/a b%".utf8))
            let failure = await #expect(throws: RequestFailure.self) { try await client.job(id: "job_y") }
            #expect(failure?.error.code == "object.not-found" && failure?.status == 404)
            #expect(failure?.error.hint == "glovebox status" && failure?.instance != nil)
            let denied = await #expect(throws: RequestFailure.self) { try await client.inbox() }
            #expect(denied?.exitCode == .forbidden)
            #expect(try FileStatus.of(scratch + "/api.sock").permissions == 0o600)
        }
    }

    @Test func `streams an upload of many pieces`() async throws {
        let site = TestSite()
        try await serve(site) { (client, scratch) async throws in
            let descriptor = unsafe open(scratch + "/source", O_CREAT | O_RDWR, 0o600)
            let bytes = [UInt8](repeating: 5, count: 3_000_001)
            #expect(unsafe write(descriptor, bytes, bytes.count) == bytes.count)
            #expect(try await client.addBlob(descriptor: descriptor, bytes: 3_000_001).size == 3_000_001)
            close(descriptor)
            unsafe unlink(scratch + "/source")
        }
        #expect(site.calls.count == 1)
    }

    @Test func `says so when nobody answers`() async throws {
        let client = try GloveboxClient(ServerAddress("unix:///nonexistent/api.sock"), token: nil)
        let failure = await #expect(throws: RequestFailure.self) { try await client.health() }
        #expect(failure?.error.code == "server.unreachable" && failure?.exitCode == .unreachable)
        await client.close()
    }

    @Test func `refuses a directory others can enter and a path that is taken`() throws {
        let scratch = try TestPrograms.scratch()
        let socket = try SocketFile(path: scratch + "/api.sock")
        unsafe chmod(scratch, 0o750)
        #expect(throws: GloveboxError("config.invalid", "")) { try socket.prepare() }
        unsafe chmod(scratch, 0o700)
        close(unsafe open(scratch + "/api.sock", O_CREAT | O_WRONLY, 0o600))
        #expect(throws: GloveboxError("config.invalid", "")) { try socket.prepare() }
        unsafe unlink(scratch + "/api.sock")
        try socket.prepare()
        #expect(throws: GloveboxError("config.invalid", "")) { try SocketFile(path: "relative") }
    }

    @Test func `a second server does not take the socket of a running one`() async throws {
        try await serve(TestSite()) { (_, scratch) async throws in
            #expect(throws: GloveboxError("server.running", "")) {
                try SocketFile(path: scratch + "/api.sock").prepare()
            }
        }
    }
}
