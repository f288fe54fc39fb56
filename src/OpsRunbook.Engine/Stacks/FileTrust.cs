using System.Runtime.InteropServices;

namespace OpsRunbook.Engine.Stacks;

/// <summary>
/// Whether a stack file that nobody named may be used. It can hold commands that checks run, so one that
/// another user left in a folder above must not be picked up by whoever happens to work there.
/// </summary>
internal static class FileTrust
{
    private const int CurrentDirectory = -100;
    private const uint OwnerMask = 0x8;

    /// <summary>Refuses a file that somebody else owns or may write.</summary>
    /// <exception cref="OpsException"><c>Stack.FileNotTrusted</c>.</exception>
    public static void Check(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        if (File.GetUnixFileMode(path).HasFlag(UnixFileMode.OtherWrite))
        {
            throw Refused(path, "everybody may write it");
        }

        if (OperatingSystem.IsLinux() && Owner(path) is { } owner && owner != 0 && owner != geteuid())
        {
            throw Refused(path, "it belongs to another user");
        }
    }

    private static OpsException Refused(string path, string cause) => new(
        "Stack.FileNotTrusted",
        OpsErrorKind.Refused,
        $"The stack file {path} was found by looking upward from the working directory, but {cause}, and it may hold commands.",
        $"Name it with -Stack {path} if you trust it, or mend its owner and mode.",
        path);

    private static uint? Owner(string path)
    {
        var buffer = new byte[256];
        return statx(CurrentDirectory, path, 0, OwnerMask, buffer) == 0 ? BitConverter.ToUInt32(buffer, 20) : null;
    }

    [DllImport("libc", EntryPoint = "statx", CharSet = CharSet.Ansi, BestFitMapping = false)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int statx(int directory, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] buffer);

    [DllImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint geteuid();
}
