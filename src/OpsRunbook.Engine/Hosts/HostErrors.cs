namespace OpsRunbook.Engine.Hosts;

/// <summary>Failures that every kind of host reports in the same words.</summary>
internal static class HostErrors
{
    public static OpsException FileForbidden(string host, string path, Exception? inner = null) => new(
        "Host.FileForbidden",
        OpsErrorKind.PermissionDenied,
        $"{path} on {host} may not be read or written by this user.",
        "Run as a user that may, for example root.",
        path,
        inner);

    public static OpsException FileTooLarge(string host, string path, long maximumBytes) => new(
        "Host.FileTooLarge",
        OpsErrorKind.InvalidData,
        $"{path} on {host} is larger than {ByteSize.Format(maximumBytes)}.",
        "Check that it is the right file.",
        path);

    public static OpsException FileFailed(string host, string path, string cause, Exception? inner = null) => new(
        "Host.FileFailed",
        OpsErrorKind.OperationFailed,
        $"{path} on {host} cannot be read or written: {cause}",
        "Check the path and the free space of its file system.",
        path,
        inner);

    public static OpsException PathInvalid(string path) => new(
        "Host.PathInvalid",
        OpsErrorKind.InvalidArgument,
        $"'{path}' is not an absolute path.",
        "Write the whole path, beginning with '/'.",
        path);

    public static OpsException NotSupported(string host, string what) => new(
        "Host.NotSupported",
        OpsErrorKind.NotInstalled,
        $"{what} cannot be read on {host}: it has no /proc file system.",
        "Only Linux hosts show this.",
        host);

    /// <summary>Refuses what is not an absolute path: a relative one would mean another file on each host.</summary>
    /// <param name="path">The path.</param>
    public static void RequireAbsolute(string path)
    {
        if (!path.StartsWith('/') || path.Contains('\0', StringComparison.Ordinal))
        {
            throw PathInvalid(path);
        }
    }
}
