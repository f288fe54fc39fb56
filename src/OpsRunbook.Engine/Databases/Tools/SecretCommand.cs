using System.Text;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Databases;

/// <summary>
/// Runs a program that reads its login from a file. The file has lost its name before anything is written into it:
/// whatever happens, nobody else can read it and nothing is left behind. No argument or environment variable holds the login.
/// </summary>
internal static class SecretCommand
{
    /// <summary>Path under which the program finds the file.</summary>
    public const string Path = "/dev/fd/5";

    /// <summary>Exit code when the file could not be made.</summary>
    public const int NoFile = 73;

    private const string End = "#end";

    // The shell reads its own part of standard input byte by byte; the rest is left to the program. printf is the shell's own.
    private const string Script = """
        t=$(mktemp 2>/dev/null || mktemp -p /dev/shm) && exec 5<>"$t" && rm -f -- "$t" || exit 73
        while IFS= read -r line && [ "$line" != "#end" ]; do printf '%s\n' "$line" >&5; done
        exec "$@"
        """;

    /// <summary>Makes the command.</summary>
    /// <param name="secret">Content of the file, in lines.</param>
    /// <param name="arguments">Program and arguments, which name <see cref="Path"/> where it is needed.</param>
    /// <returns>The command. What follows on standard input reaches the program.</returns>
    public static HostCommand Of(string secret, IEnumerable<string> arguments) =>
        new(["sh", "-c", Script, "sh", .. arguments]) { StandardInput = Encoding.UTF8.GetBytes((secret.Length == 0 || secret.EndsWith('\n') ? secret : secret + "\n") + End + "\n") };
}
