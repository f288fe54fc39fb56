using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace OpsRunbook.Engine.Hosts;

/// <summary>Opens files of this machine without ever waiting for another program.</summary>
internal static class LocalFiles
{
    private const int ReadOnlyNonBlockingCloseOnExec = 0x800 | 0x80000;
    private const int NoSuchFile = 2;
    private const int PermissionDenied = 13;
    private const int NotAFolder = 20;

    /// <summary>Opens a file to read it. A fifo that nobody writes to, which would block an ordinary open for ever, reads as empty.</summary>
    /// <param name="path">Absolute path.</param>
    /// <returns>The file.</returns>
    public static FileStream Open(string path)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64))
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0, useAsync: true);
        }

        var descriptor = open(path, ReadOnlyNonBlockingCloseOnExec);
        if (descriptor < 0)
        {
            var number = Marshal.GetLastPInvokeError();
            throw number switch
            {
                NoSuchFile or NotAFolder => new FileNotFoundException(null, path),
                PermissionDenied => new UnauthorizedAccessException(path),
                _ => new IOException(new Win32Exception(number).Message),
            };
        }

        return new FileStream(new SafeFileHandle(descriptor, ownsHandle: true), FileAccess.Read, 0);
    }

    /// <summary>Makes the names in a folder outlive a loss of power: those of new, renamed and removed files.</summary>
    /// <param name="folder">Absolute path.</param>
    public static void SyncFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var handle = new SafeFileHandle(open(folder, OperatingSystem.IsLinux() ? ReadOnlyNonBlockingCloseOnExec : 0), ownsHandle: true);
        if (handle.IsInvalid)
        {
            throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
        }

        RandomAccess.FlushToDisk(handle);
    }

    [DllImport("libc", EntryPoint = "open", CharSet = CharSet.Ansi, BestFitMapping = false, SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}
