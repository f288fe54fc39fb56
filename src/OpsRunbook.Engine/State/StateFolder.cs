namespace OpsRunbook.Engine.State;

/// <summary>The folder in which the module keeps what it must remember.</summary>
public static class StateFolder
{
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
}
