import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxSupervisor
import TestSupport
import Testing

@Suite struct TPMSettingsTests {
    @Test(arguments: [("none", TPMChoice.none), ("swtpm", .emulated), ("/dev/tpmrm0", .device("/dev/tpmrm0"))])
    func `settings may name a TPM and nothing else`(text: String, choice: TPMChoice) throws {
        let path = try TestPrograms.scratch() + "/gloveboxd.yaml"
        try Descriptor.open(path, O_WRONLY | O_CREAT).write(Array("tpm: \(text)\n".utf8))
        let settings = try SiteSettings(reading: path)
        #expect(settings.tpm == choice && settings.tpm.text == text)
    }

    @Test(arguments: ["", "yes", "tpmrm0", "../dev/tpmrm0"])
    func `a TPM of another name is refused`(text: String) throws {
        let path = try TestPrograms.scratch() + "/gloveboxd.yaml"
        try Descriptor.open(path, O_WRONLY | O_CREAT).write(Array("tpm: \"\(text)\"\n".utf8))
        #expect(throws: GloveboxError("config.invalid", "")) { try SiteSettings(reading: path) }
    }
}
