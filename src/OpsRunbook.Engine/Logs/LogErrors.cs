namespace OpsRunbook.Engine.Logs;

/// <summary>The failures of reading a log file.</summary>
internal static class LogErrors
{
    /// <summary>What went wrong with a file, as an operator should read it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="error">What the system said.</param>
    /// <returns>The failure.</returns>
    public static OpsException Of(string path, Exception error) => error switch
    {
        FileNotFoundException or DirectoryNotFoundException => NotFound(path),
        UnauthorizedAccessException => new OpsException(
            "Log.PermissionDenied",
            OpsErrorKind.PermissionDenied,
            $"{path} may not be read by {Environment.UserName}.",
            "Run as root or as a member of the group that owns it (adm, systemd-journal).",
            path,
            error),
        InvalidDataException => new OpsException(
            "Log.FileDamaged", OpsErrorKind.InvalidData, $"{path} is damaged: {error.Message}", "What was before the damage has been read. Restore the file from another copy for the rest.", path, error),
        _ => new OpsException("Log.ReadFailed", OpsErrorKind.OperationFailed, $"{path} cannot be read: {error.Message}", "Check the disk, and whether the file is still there.", path, error),
    };

    /// <summary>There is no such file.</summary>
    /// <param name="path">The file, folder or pattern.</param>
    /// <returns>The failure.</returns>
    public static OpsException NotFound(string path) =>
        new("Log.FileNotFound", OpsErrorKind.NotFound, $"There is no log {path}.", "Check the path; a pattern such as 'app.log*' finds rotated files too.", path);

    /// <summary>A packed file that ends too soon.</summary>
    /// <param name="path">The file.</param>
    /// <param name="packed">Its length.</param>
    /// <param name="unpacked">So much could be read.</param>
    /// <param name="cause">What is wrong.</param>
    /// <returns>The failure.</returns>
    public static OpsException Damaged(string path, long packed, long unpacked, string cause) => new(
        "Log.FileDamaged",
        OpsErrorKind.InvalidData,
        $"{path} {cause} after {unpacked} unpacked bytes ({packed} bytes packed).",
        "What was before that place has been read. Rotation that was interrupted leaves such a file; the unpacked original may still be there.",
        path);

    /// <summary>A packed file of a kind that cannot be unpacked here.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">The kind.</param>
    /// <returns>The failure.</returns>
    public static OpsException NotSupported(string path, string kind) => new(
        "Log.CompressionNotSupported", OpsErrorKind.InvalidData, $"{path} is packed with {kind}; only gzip is unpacked here.", $"Unpack it first with {kind} -dk.", path);
}
