import Foundation
import Glibc
import GloveboxLinux
import TestSupport
import Testing

@Suite struct GrantedIDTests {
    private func ranges(_ text: String, own: UInt32 = 1001) -> [ClosedRange<UInt32>] {
        SubordinateIDs(Array(text.utf8), user: 1001, name: "ada", own: own).ranges
    }

    @Test func `ranges are granted by name and by number`() {
        #expect(ranges("bob:1:9\nada:100000:65536\n1001:300000:2") == [100_000...165_535, 300_000...300_001])
        #expect(ranges("") == [])
        #expect(ranges("adam:100000:10\nda:100000:10\n10011:5000:10") == [])
    }

    @Test(arguments: [
        "ada", "ada:", "ada:100000", "ada:100000:", "ada::10", ":100000:10", "ada:100000:10:", "ada:100000:10:5",
        "ada:0:10", "ada:100000:0", "ada:-1:10", "ada:+100000:10", "ada: 100000:10", "ada:100000:10 ", "ada:0x10:10",
        "ada:0100000:10", "ada:100000:10\r", "ada:4294967295:1", "ada:4294967290:6", "ada:4294967290:4294967295",
        "ada:99999999999999999999:1", "ada:1000:2", "ada:1001:1", " ada:100000:10", "#ada:100000:10", "ADA:100000:10",
        "ada:100000:\u{0661}",
    ])
    func `a line that is not plainly a range of others' ids grants nothing`(line: String) {
        #expect(ranges(line) == [])
        #expect(ranges(line + "\nada:200000:4\n") == [200_000...200_003], "the next line counts")
    }

    @Test func `a range that somebody else has too grants nothing`() {
        #expect(ranges("ada:100000:10\nbob:100009:1") == [])
        #expect(ranges("bob:1:4294967294\nada:100000:10") == [])
        #expect(ranges("ada:100000:10\nbob:100010:10") == [100_000...100_009])
        #expect(ranges("ada:100000:10\nbob:100009:x") == [100_000...100_009])
        #expect(ranges("ada:100000:10\n1001:100005:10") == [100_000...100_009], "an id is granted once")
        #expect(ranges("ada:100000:10", own: 100_005) == [], "a group's own id lies in it")
    }

    @Test func `each jail has two ids, and none goes over the end of a range`() {
        let ids = SubordinateIDs(Array("ada:10:5\nada:20:1\nada:30:2\n".utf8), user: 1001, name: "ada", own: 1001)
        #expect(ids.pairs == 3)
        #expect((0...3).map(ids.pair) == [10, 12, 30, nil])
        let most = SubordinateIDs(Array("ada:1002:4294966292\n".utf8), user: 1001, name: "ada", own: 1001)
        #expect(most.pairs == 2_147_483_146)
        #expect(most.pair(most.pairs - 1) == 4_294_967_292)
    }

    /// Why a user's jails get no ids of their own here whatever is granted; nil where they do.
    private static let lack: String? = {
        guard geteuid() == 0 else { return "an ordinary user's jail is started from root" }
        let isInstalled = GrantedIDs.helpers.allSatisfy { unsafe access($0, X_OK) == 0 }
        guard isInstalled else { return "newuidmap is not installed" }
        let numbers = (try? Kernel.readText("/proc/sys/kernel/osrelease"))?.split(separator: ".").compactMap { Int($0) }
        guard let numbers, numbers.count >= 2, (numbers[0], numbers[1]) >= (6, 3) else {
            return "Linux before 6.3 maps no ids of a tmpfs"
        }
        return nil
    }()

    /// What a jail of an ordinary user shows when the host has these files, which a mount namespace of its own shows.
    private func run(
        granting text: String,
        hiding: [String] = [],
        twice: Bool = false,
        options: [String] = []
    ) throws -> [[String: String]] {
        let place = "/var/tmp/glovebox-granted-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { do { try FileManager.default.removeItem(atPath: place) } catch { Issue.record("\(error)") } }
        let script = """
            import json, os, shutil, subprocess, sys
            place, text, hidden, count, options, *programs = sys.argv[1:]
            os.mkdir(place); os.chmod(place, 0o755)
            for program in programs: shutil.copy(program, place)
            def write(name, content, mode, owner):
                with open(place + "/" + name, "w") as file: file.write(content)
                os.chmod(place + "/" + name, mode); os.chown(place + "/" + name, owner, owner)
            write("grants", text, 0o644, 0)
            os.mkdir(place + "/shown")
            write("shown/own", "own", 0o600, 65534); write("shown/open", "open", 0o644, 65534)
            os.chmod(place + "/shown", 0o755); os.chown(place + "/shown", 65534, 65534)
            for path in ("/etc/subuid", "/etc/subgid"): subprocess.run(["mount", "--bind", place + "/grants", path], check=True)
            for path in hidden.split():
                if os.path.exists(path): subprocess.run(["mount", "--bind", "/bin/false", path], check=True)
            probe = '''
            import os, time
            def tell(path):
                try: return open(path).read()
                except OSError as error: return type(error).__name__
            open("/out/secret", "w").write("kept"); os.chmod("/out/secret", 0o600)
            maps = [" ".join(open("/proc/self/" + name).read().split()) for name in ("uid_map", "gid_map")]
            for line in (*maps, os.getuid(), tell("/shown/own"), tell("/shown/open"), os.getgroups(),
                    os.path.exists(os.environ.get("LD_PRELOAD", "/none"))): print(line)
            time.sleep(1)
            '''.replace("\\n            ", "\\n")
            user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--groups", "65534,100", "env", "HOME=/tmp"]
            jails = []
            for number in range(int(count)):
                out = place + "/out%d" % number
                os.mkdir(out); os.chown(out, 65534, 65534)
                jail = [place + "/glovebox", "jail", "run", "--rootfs", "/", "--bind-ro", place + "/shown:/shown", "--out",
                        out + "/taken", "--json", *options.split(), "--", "python3", "-c", probe]
                jails.append((out, subprocess.Popen(user + jail, stdout=-1, stderr=-1, text=True)))
            answers = []
            for out, jail in jails:
                said, told = jail.communicate()
                lines = said.splitlines()
                if len(lines) != 7: sys.exit("%s %s" % (said, told))
                weaker = [each["name"] for each in json.loads(told.splitlines()[-1])["protections"]["weaker"]]
                answers.append(dict(zip(("users", "groups", "id", "own", "open", "held", "staged"), lines),
                    unique=str("unique-ids" not in weaker), empty=str("groups-empty" not in weaker),
                    taken=open(out + "/taken/secret").read(), owner=str(os.stat(out + "/taken/secret").st_uid)))
            print(json.dumps(answers))
            """
        let programs = ["glovebox", "glovebox-jail", "libglovebox-fixed.so"].map(TestPrograms.path)
        let arguments = [
            "--mount", "--propagation", "private", "/usr/bin/python3", "-c", script, place, text,
            hiding.joined(separator: " "), twice ? "2" : "1",
            options.joined(separator: " "),
        ]
        let run = try TestPrograms.run("/usr/bin/unshare", arguments + programs)
        try #require(run.status == 0, "\(run.output)")
        return try JSONDecoder().decode([[String: String]].self, from: Data(run.output.utf8))
    }

    @Test(.enabled(if: GrantedIDTests.lack == nil, "\(GrantedIDTests.lack ?? "")"))
    func `a user's jail has ids out of the user's range, and none of the user's rights`() throws {
        let answers = try run(granting: "nobody:200000:65536\n", twice: true)
        var seen: Set<String> = []
        for answer in answers {
            let words = (answer["users"] ?? "").split(separator: " ")
            try #require(words.count == 9, "\(answer)")
            let first = try #require(UInt32(words[1]))
            #expect(200_000..<265_536 ~= first && first.isMultiple(of: 2))
            #expect(answer["users"] == "0 \(first) 1 1000 \(first + 1) 1 65533 65534 1")
            #expect(answer["groups"] == answer["users"])
            #expect(answer["id"] == "1000" && answer["held"] == "[1000]" || answer["held"] == "[]", "\(answer)")
            #expect(answer["own"] == "PermissionError" && answer["open"] == "open")
            #expect(answer["unique"] == "True" && answer["empty"] == "True")
            #expect(answer["taken"] == "kept" && answer["owner"] == "65534")
            seen.insert(String(first))
        }
        #expect(seen.count == 2)
    }

    @Test(.enabled(if: GrantedIDTests.lack == nil, "\(GrantedIDTests.lack ?? "")"))
    func `what the supervisor stages, a jail with granted ids can read`() throws {
        let answers = try run(granting: "nobody:200000:65536\n", options: ["--deterministic"])
        #expect(answers.map { $0["staged"] } == ["True"])
        #expect(answers.map { $0["unique"] } == ["True"])
    }

    @Test(
        .enabled(if: geteuid() == 0, "an ordinary user's jail is started from root"),
        arguments: [
            ("", []), ("nobody:200000:1\n", []), ("nobody:200000:65536\n", ["/usr/bin/newuidmap"]),
            ("nobody:200000:65536\n", ["/usr/bin/newgidmap"]),
        ] + (GrantedIDTests.lack == nil ? [] : [("nobody:200000:65536\n", [])]) as [(String, [String])]
    )
    func `a jail whose ids the host does not map runs under the user's own, and says so`(
        grants: String,
        hidden: [String]
    ) throws {
        for answer in try run(granting: grants, hiding: hidden) {
            #expect(answer["users"] == "1000 65534 1" && answer["groups"] == "1000 65534 1")
            #expect(answer["id"] == "1000" && answer["own"] == "own")
            #expect(answer["unique"] == "False" && answer["empty"] == "False")
            #expect(answer["taken"] == "kept")
        }
    }

    @Test(.enabled(if: GrantedIDTests.lack == nil, "\(GrantedIDTests.lack ?? "")"))
    func `the only ids of a range are not given to two jails at once`() throws {
        let answers = try run(granting: "nobody:200000:3\n", twice: true)
        #expect(answers.map { $0["unique"] }.sorted { ($0 ?? "") < ($1 ?? "") } == ["False", "True"])
    }

    @Test(.enabled(if: GrantedIDTests.lack == nil, "\(GrantedIDTests.lack ?? "")"))
    func `a jail with granted ids ends with its launcher`() throws {
        let place = "/var/tmp/glovebox-granted-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { do { try FileManager.default.removeItem(atPath: place) } catch { Issue.record("\(error)") } }
        let script = """
            import glob, os, shutil, signal, subprocess, sys, time
            place, glovebox, launcher = sys.argv[1:]
            os.mkdir(place); os.chmod(place, 0o755)
            for program in (glovebox, launcher): shutil.copy(program, place)
            with open(place + "/grants", "w") as file: file.write("nobody:%d:2" % (os.getpid() * 16 + 300000))
            os.chmod(place + "/grants", 0o644)
            for path in ("/etc/subuid", "/etc/subgid"): subprocess.run(["mount", "--bind", place + "/grants", path], check=True)
            first = os.getpid() * 16 + 300000
            def alive():
                found = []
                for path in glob.glob("/proc/[0-9]*"):
                    try:
                        if os.stat(path).st_uid in (first, first + 1) and "(zombie)" not in open(path + "/status").read():
                            found.append(path)
                    except OSError: pass
                return found
            jail = subprocess.Popen(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "env", "HOME=/tmp",
                place + "/glovebox", "jail", "run", "--rootfs", "/", "--", "sh", "-c", "echo on; sleep 300"], stdout=-1, stderr=-3)
            assert jail.stdout.readline() == b"on\\n"
            before = len(alive())
            children = open("/proc/%d/task/%d/children" % (jail.pid, jail.pid)).read().split()
            for child in children: os.kill(int(child), signal.SIGKILL)
            jail.wait(20)
            end = time.monotonic() + 20
            while alive() and time.monotonic() < end: time.sleep(0.05)
            print(before > 0, len(children), alive())
            """
        let programs = ["glovebox", "glovebox-jail"].map(TestPrograms.path)
        let arguments = ["--mount", "--propagation", "private", "/usr/bin/python3", "-c", script, place]
        let run = try TestPrograms.run("/usr/bin/unshare", arguments + programs)
        #expect(run.output == "True 1 []\n", "\(run.output)")
    }
}
