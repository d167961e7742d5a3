internal import GloveboxCore
internal import GloveboxStore

/// A backup on disk: two directories, of which the smaller one vouches for the other.
///
/// The data half has `backup.json`, `SHA256SUMS` and the files it lists. The keys half has the digest of that `backup.json`, and
/// its own list and files. Whoever changes the data half would have to change the keys half as well.
struct Backup: Sendable {
    /// Names the data half's record in the keys half.
    static let pin = "backup.sha256"
    /// Files that are no part of the state.
    static let ownFiles: Set<String> = [BackupRecord.name, BackupSums.name, pin]

    let data: String
    let keys: String
    let record: BackupRecord
    /// SHA-256 of `backup.json`, the backup's name in the log.
    let digest: Digest
    let dataSums: BackupSums
    let keySums: BackupSums

    /// Opens both halves and checks that they belong together and hold what they list, every byte and nothing else.
    ///
    /// - Throws: `backup.mixed`, `backup.damaged`, `storage.read`.
    init(data: String, keys: String) throws(GloveboxError) {
        (self.data, self.keys) = (data, keys)
        let bytes = try StateFile.read("\(data)/\(BackupRecord.name)")
        digest = Machine.sha256(bytes)
        guard try StateFile.read("\(keys)/\(Self.pin)") == Self.pinBytes(digest) else {
            throw GloveboxError(
                "backup.mixed",
                "\(BackupRecord.name) is not the one that the keys belong to: two backups were mixed, or it was changed",
                hint: "Give the two directories that one 'glovebox backup' wrote."
            )
        }
        record = try BackupRecord(parsing: bytes)
        let list = try StateFile.read("\(data)/\(BackupSums.name)", limit: 1 << 30)
        guard Machine.sha256(list) == record.sums else { throw Self.damaged("\(BackupSums.name) was changed") }
        dataSums = try BackupSums(parsing: list)
        keySums = try BackupSums(parsing: StateFile.read("\(keys)/\(BackupSums.name)"))
        try Self.compare(dataSums, data)
        try Self.compare(keySums, keys)
    }

    /// Reads the journal; its roots at the sizes asked for.
    ///
    /// - Throws: `backup.damaged`, `log.journal-corrupt`.
    func roots(at sizes: Set<UInt64>) throws(GloveboxError) -> [UInt64: Digest] {
        let found = try LogWriter.readJournal(data + "/journal", rootsAt: sizes)
        guard found.size == record.size, found.root == record.root else {
            throw Self.damaged("the journal does not add up to the root on record")
        }
        return found.roots
    }

    /// The line that names a record.
    static func pinBytes(_ digest: Digest) -> [UInt8] { Array("\(digest.hex)  \(BackupRecord.name)\n".utf8) }

    static func damaged(_ what: String) -> GloveboxError {
        GloveboxError("backup.damaged", what, hint: "Nothing was restored. Take another copy of this backup.")
    }

    private static func compare(_ sums: BackupSums, _ directory: String) throws(GloveboxError) {
        let present = try StateTree.files(directory).subtracting(ownFiles)
        for path in sums.files.keys.sorted() where !present.contains(path) {
            throw damaged("\(path) is missing")
        }
        for path in present.sorted() {
            guard let digest = sums.files[path] else { throw damaged("\(Display.escape(path)) is not listed") }
            guard try Machine.sha256(file: "\(directory)/\(path)") == digest else {
                throw damaged("\(path) was changed")
            }
        }
    }
}
