using System.Text;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>Runs <c>pm2</c> for the daemon of a unit, as its user. It never starts a daemon.</summary>
internal static class Pm2Shell
{
    /// <summary>Exit code when no daemon runs.</summary>
    public const int NoDaemon = 77;

    private const int NotInstalled = 127;

    // Any pm2 command starts a daemon when none runs, which neither a look at the state nor a restart of one
    // application must do. The pid may have been given to another program since, so the daemon's title is
    // read too where /proc has it. What varies comes by standard input: it passes su and sudo unseen.
    private const string Script = """
        pm2=$(command -v pm2) || exit 127
        IFS= read -r home
        IFS= read -r arguments
        home=${home:-${PM2_HOME:-$HOME/.pm2}}
        export PM2_HOME="$home"
        pid=$(cat "$home/pm2.pid" 2>/dev/null)
        [ -S "$home/rpc.sock" ] && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || exit 77
        if [ -r "/proc/$pid/cmdline" ]; then grep -aq 'God Daemon' "/proc/$pid/cmdline" || exit 77; fi
        clean=
        while IFS= read -r variable; do
          if [ -z "$clean" ]; then
            clean=1
            for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
              case $name in PATH|HOME|PM2_HOME) ;; *) unset "$name" ;; esac
            done
          fi
          export "$variable"
        done
        exec "$pm2" $arguments </dev/null
        """;

    // The other user's own environment and PATH; a PM2_HOME of the connecting user is not his.
    private const string AsUser = """
        if [ "$(id -un)" = "$1" ]; then exec sh -c "$2"; fi
        if [ "$(id -u)" = 0 ]; then exec su -s /bin/sh - "$1" -c "$2"; fi
        command -v sudo >/dev/null 2>&1 || { echo "the pm2 of user $1 can only be asked by that user or root, and there is no sudo" >&2; exit 1; }
        exec sudo -n -H -u "$1" -- sh -lc "$2"
        """;

    /// <summary>Runs one pm2 command.</summary>
    /// <param name="host">Host of the daemon.</param>
    /// <param name="unit">Whose daemon; null for the connecting user's.</param>
    /// <param name="arguments">Words of pm2 and ids, separated by spaces. Never a name.</param>
    /// <param name="environment">
    /// Variables for the command, which <c>--update-env</c> hands to the application; with any, the caller's own are left out, all but
    /// <c>PATH</c> and <c>HOME</c>. No value may have a line feed.
    /// </param>
    /// <param name="timeout">Longest run.</param>
    /// <param name="cancellationToken">Ends the command.</param>
    /// <returns>How it ended; <see cref="NoDaemon"/> when there is no daemon.</returns>
    /// <exception cref="OpsException"><c>Service.ManagerUnavailable</c>: there is no pm2, or a host error.</exception>
    public static async Task<CommandResult> RunAsync(
        IHost host,
        UnitReference? unit,
        string arguments,
        IEnumerable<KeyValuePair<string, string>> environment,
        TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        var user = unit?.User;
        var input = new StringBuilder().Append(unit?.Pm2Home).Append('\n').Append(arguments).Append('\n');
        foreach (var (name, value) in environment)
        {
            input.Append(name).Append('=').Append(value).Append('\n');
        }

        var command = new HostCommand(user is null ? ["sh", "-c", Script] : ["sh", "-c", AsUser, "sh", user, Script])
        {
            StandardInput = Encoding.UTF8.GetBytes(input.ToString()),
            Timeout = timeout,
        };
        CommandResult result;
        try
        {
            result = await host.RunAsync(command, cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Host.CommandNotFound")
        {
            throw ServiceManagers.Unavailable("pm2", host, error.Message, error);
        }

        return result.ExitCode == NotInstalled
            ? throw ServiceManagers.Unavailable("pm2", host, "pm2 is not on the PATH of " + (user ?? "the connecting user") + ".")
            : result;
    }
}
