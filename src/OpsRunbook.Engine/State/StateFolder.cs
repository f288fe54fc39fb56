namespace OpsRunbook.Engine.State;

/// <summary>The folder in which the module keeps what it must remember.</summary>
public static class StateFolder
{
    // Waiting for a file costs less than the whole command: others hold it for one write only.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// <c>$OPSRUNBOOK_STATE</c>, else <c>opsrunbook</c> in <c>$XDG_STATE_HOME</c> (<c>~/.local/state</c>), as the
    /// XDG base directory specification has it.
    /// </summary>
    public static string Path
    {
        get
        {
            if (Environment.GetEnvironmentVariable("OPSRUNBOOK_STATE") is { Length: > 0 } configured)
            {
                return configured;
            }

            // The specification has relative paths ignored.
            var state = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
            return System.IO.Path.IsPathRooted(state)
                ? System.IO.Path.Combine(state, "opsrunbook")
                : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state", "opsrunbook");
        }
    }

    /// <summary>Creates the folder, for its owner alone, if it is not there.</summary>
    /// <param name="path">The folder.</param>
    public static void Create(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Opens a file, made if it is not there, for this process alone, and waits a little for whoever has it open so.</summary>
    /// <param name="path">Absolute path.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The file.</returns>
    internal static async Task<FileStream> OpenAloneAsync(string path, CancellationToken cancellationToken)
    {
        for (var waited = System.Diagnostics.Stopwatch.StartNew(); ;)
        {
            if (TryOpenAlone(path) is { } file)
            {
                return file;
            }

            if (waited.Elapsed >= Patience)
            {
                throw new IOException($"another process has {path} open");
            }

            await Task.Delay(10, cancellationToken);
        }
    }

    /// <summary>Opens a file, made if it is not there, for this process alone.</summary>
    /// <param name="path">Absolute path.</param>
    /// <returns>The file; null when another one has it open so.</returns>
    internal static FileStream? TryOpenAlone(string path)
    {
        // Not shared at all, which .NET enforces among its own processes with an exclusive lock (one that is shared for
        // reading would be a shared lock on Linux, also for two writers). The kernel ends it with the process.
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            return new FileStream(path, options);
        }
        catch (IOException error) when (IsTaken(error))
        {
            return null;
        }
    }

    // EWOULDBLOCK of flock, ERROR_SHARING_VIOLATION of Windows; the framework passes them on as they are.
    private static bool IsTaken(IOException error) => (error.HResult & 0xFFFF) == (OperatingSystem.IsWindows() ? 32 : OperatingSystem.IsMacOS() ? 35 : 11);
}
