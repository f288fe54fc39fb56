namespace OpsRunbook.Engine.Backups;

/// <summary>What is wrong with the content of a backup.</summary>
internal static class DumpErrors
{
    public static OpsException Damaged(string name, string cause, Exception? inner = null) => new(
        "Backup.Damaged",
        OpsErrorKind.InvalidData,
        $"{name} is damaged: {cause}",
        "It must not be restored. Take an older set, and find out what damaged this one (the disk, the transfer, the dump that was killed).",
        name,
        inner);

    public static OpsException Incomplete(string name, string missing) => new(
        "Backup.Incomplete",
        OpsErrorKind.InvalidData,
        $"{name} is not complete: {missing}",
        "The dump was cut off or killed. Take an older set, and look at what makes these dumps.",
        name);

    public static OpsException Unsafe(string name, string entry, string cause) => new(
        "Backup.UnsafeEntry",
        OpsErrorKind.Refused,
        $"{name} holds the entry '{entry}', {cause}. Nothing of it was unpacked.",
        "No dump program writes such an entry. Find out where the file comes from.",
        name);

    public static OpsException FormatUnknown(string name) => new(
        "Backup.FormatUnknown",
        OpsErrorKind.InvalidData,
        $"{name} is no dump that is known here: not of pg_dump (custom, directory, tar or SQL), pg_dumpall, mysqldump, mariadb-dump or Redis.",
        "Check that it is the right file.",
        name);
}
