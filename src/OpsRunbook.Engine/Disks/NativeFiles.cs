using System.Runtime.InteropServices;

namespace OpsRunbook.Engine.Disks;

/// <summary>
/// The kernel's calls to read folders, with names as the bytes they are: the framework's own lose what is no UTF-8.
/// <c>syscall</c> is used because older C libraries lack two of them.
/// </summary>
internal static class NativeFiles
{
    public const int NoSuchFile = 2;
    public const int NotAFolder = 20;
    public const int SymbolicLinkLoop = 40;
    public const int CurrentFolder = -100;

    private const int OpenFolderFlags = 0x80000;
    private const int FollowNoLink = 0x100;
    private const int MountNothing = 0x800;
    private const int CachedWillDo = 0x4000;

    // Type, mode, links, owner, change, inode, length, blocks.
    private const uint WantedFields = 0x1 | 0x2 | 0x4 | 0x8 | 0x40 | 0x100 | 0x200 | 0x400;
    private const ulong MountRoot = 0x2000;

    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
    private static readonly nint StatxNumber = IsArm ? 291 : 332;
    private static readonly nint GetEntriesNumber = IsArm ? 61 : 217;

    // These two flags have other numbers on ARM.
    private static readonly int FolderOnly = IsArm ? 0x4000 : 0x10000;
    private static readonly int OpenNoLink = IsArm ? 0x8000 : 0x20000;

    public static bool IsSupported => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64;

    /// <summary>Opens a folder.</summary>
    /// <param name="parent">Open folder that the name is in, or <see cref="CurrentFolder"/>.</param>
    /// <param name="name">Name or path, ending with NUL.</param>
    /// <param name="follow">Follow a symbolic link.</param>
    /// <param name="error">The kernel's error number; 0 for none.</param>
    /// <returns>The descriptor; negative for none.</returns>
    public static int OpenFolder(int parent, ReadOnlySpan<byte> name, bool follow, out int error)
    {
        var descriptor = openat(parent, ref MemoryMarshal.GetReference(name), OpenFolderFlags | FolderOnly | (follow ? 0 : OpenNoLink));
        error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        return descriptor;
    }

    /// <summary>Reads the next entries of an open folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="buffer">Takes <c>struct linux_dirent64</c>, one after the other.</param>
    /// <param name="error">The kernel's error number; 0 for none.</param>
    /// <returns>Bytes; 0 at the end.</returns>
    public static int ReadEntries(int folder, byte[] buffer, out int error)
    {
        var count = syscall_getdents(GetEntriesNumber, folder, ref buffer[0], buffer.Length);
        error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
        return (int)count;
    }

    /// <summary>Asks about a file.</summary>
    /// <param name="parent">Open folder that the name is in, or <see cref="CurrentFolder"/>.</param>
    /// <param name="name">Name or path, ending with NUL.</param>
    /// <param name="follow">Follow a symbolic link.</param>
    /// <param name="status">The answer.</param>
    /// <returns>The kernel's error number; 0 for none.</returns>
    public static int Status(int parent, ReadOnlySpan<byte> name, bool follow, out FileStatus status)
    {
        var buffer = default(Statx);
        var flags = MountNothing | CachedWillDo | (follow ? 0 : FollowNoLink);
        if (syscall_statx(StatxNumber, parent, ref MemoryMarshal.GetReference(name), flags, WantedFields, ref buffer) != 0)
        {
            status = default;
            return Marshal.GetLastPInvokeError();
        }

        status = new FileStatus(
            buffer.Mode,
            DeviceNumber(buffer.DeviceMajor, buffer.DeviceMinor),
            buffer.Inode,
            buffer.Links,
            (long)buffer.Blocks * 512,
            (long)buffer.Size,
            buffer.User,
            buffer.ModifiedSeconds,
            (buffer.Attributes & MountRoot) != 0);
        return 0;
    }

    /// <summary>Reads what a symbolic link holds.</summary>
    /// <param name="parent">Open folder that the name is in, or <see cref="CurrentFolder"/>.</param>
    /// <param name="name">Name or path, ending with NUL.</param>
    /// <param name="buffer">Takes the content; what is longer is cut.</param>
    /// <returns>Bytes; negative when there is no such link, or it may not be read.</returns>
    public static int ReadLink(int parent, ReadOnlySpan<byte> name, byte[] buffer) =>
        (int)readlinkat(parent, ref MemoryMarshal.GetReference(name), ref buffer[0], buffer.Length);

    // As stat(1) prints it.
    private static ulong DeviceNumber(ulong major, ulong minor) =>
        ((major & 0xfffff000) << 32) | ((major & 0xfff) << 8) | ((minor & 0xffffff00) << 12) | (minor & 0xff);

    public static void Close(int descriptor) => _ = close(descriptor);

    [DllImport("libc", EntryPoint = "openat", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int openat(int parent, ref byte name, int flags);

    [DllImport("libc", EntryPoint = "readlinkat")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint readlinkat(int parent, ref byte name, ref byte buffer, nint size);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int close(int descriptor);

    [DllImport("libc", EntryPoint = "syscall", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint syscall_getdents(nint number, nint folder, ref byte buffer, nint size);

    [DllImport("libc", EntryPoint = "syscall", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint syscall_statx(nint number, nint parent, ref byte name, nint flags, nuint mask, ref Statx buffer);

    /// <summary><c>struct statx</c>, the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Statx
    {
        [FieldOffset(8)]
        public ulong Attributes;
        [FieldOffset(16)]
        public uint Links;
        [FieldOffset(20)]
        public uint User;
        [FieldOffset(28)]
        public ushort Mode;
        [FieldOffset(32)]
        public ulong Inode;
        [FieldOffset(40)]
        public ulong Size;
        [FieldOffset(48)]
        public ulong Blocks;
        [FieldOffset(112)]
        public long ModifiedSeconds;
        [FieldOffset(136)]
        public uint DeviceMajor;
        [FieldOffset(140)]
        public uint DeviceMinor;
    }
}
