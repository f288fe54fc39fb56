using System.ComponentModel;

namespace OpsRunbook.Engine.Disks;

/// <summary>Failures to look at disks, in the same words for every kind of host.</summary>
internal static class DiskErrors
{
    private const int NotPermitted = 1;
    private const int PermissionDenied = 13;

    public static OpsException Start(string host, string path, int error) => error switch
    {
        NativeFiles.NoSuchFile => new OpsException(
            "Disk.PathUnknown", OpsErrorKind.NotFound, $"There is no folder {path} on {host}.", "Check the path.", path),
        NativeFiles.NotAFolder => new OpsException(
            "Disk.NotAFolder", OpsErrorKind.InvalidArgument, $"{path} on {host} is no folder.", "Name the folder that it is in.", path),
        NotPermitted or PermissionDenied => Hosts.HostErrors.FileForbidden(host, path),
        _ => Hosts.HostErrors.FileFailed(host, path, new Win32Exception(error).Message),
    };

    public static OpsException Unreadable(string host, string path, long count, string? first) => new(
        "Disk.Unreadable",
        OpsErrorKind.PermissionDenied,
        $"{count} {(count == 1 ? "file or folder" : "files or folders")} in {path} on {host} could not be looked at, and {(count == 1 ? "is" : "are")} missing here"
            + (first is null ? "." : $". One of them is {first}."),
        "Run as a user that may read them, for example root.",
        path);

    /// <summary>A command was refused because the file system takes no changes any more.</summary>
    /// <param name="error">Its error output in the C locale.</param>
    /// <returns>True when it was.</returns>
    public static bool IsReadOnly(string error) => error.Contains("Read-only file system", StringComparison.Ordinal);

    public static OpsException ReadOnly(string host, string path) => new(
        "Disk.ReadOnly",
        OpsErrorKind.OperationFailed,
        $"The file system of {path} on {host} is read-only: it was mounted so, or the kernel made it so after an error of the disk.",
        "Look at 'dmesg' and check the disk. Nothing more of this file system is touched.",
        path);
}
