using System.Diagnostics;
using System.Text;

namespace OpsRunbook.Fixtures;

/// <summary>What a command printed and how it ended.</summary>
/// <param name="ExitCode">Exit code.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
public sealed record ToolResult(int ExitCode, string Output, string Error);

/// <summary>Runs the programs that the fixtures need.</summary>
public static class Tool
{
    /// <summary>True when the tests run as root.</summary>
    public static bool IsRoot { get; } = string.Equals(Environment.UserName, "root", StringComparison.Ordinal);

    /// <summary>Finds a program; administrators' folders count too.</summary>
    /// <param name="name">Name of the program.</param>
    /// <returns>Absolute path; null when it is not installed.</returns>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':')
            .Concat(["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"])
            .Where(folder => folder.Length > 0)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);

    /// <summary>Finds a program or says what is missing.</summary>
    /// <param name="name">Name of the program.</param>
    /// <param name="server">Server that needs it.</param>
    /// <param name="package">Package that brings it.</param>
    /// <returns>Absolute path.</returns>
    /// <exception cref="ServerUnavailableException">It is not installed.</exception>
    public static string Require(string name, string server, string package) =>
        Find(name) ?? throw new ServerUnavailableException(server, $"there is no {name} (package {package})");

    /// <summary>Runs a program to its end.</summary>
    /// <param name="file">Program.</param>
    /// <param name="arguments">Arguments.</param>
    /// <param name="input">Standard input; empty for none.</param>
    /// <param name="environment">Variables to add.</param>
    /// <param name="timeout">Longest time; null for 60 seconds. It is killed with its children then.</param>
    /// <param name="folder">Working folder; null for the current one.</param>
    /// <returns>How it ended, whatever its exit code.</returns>
    public static async Task<ToolResult> TryRunAsync(
        string file,
        IEnumerable<string> arguments,
        string input = "",
        IReadOnlyDictionary<string, string>? environment = null,
        TimeSpan? timeout = null,
        string? folder = null)
    {
        var start = new ProcessStartInfo(file)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            WorkingDirectory = folder ?? string.Empty,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(timeout ?? TimeSpan.FromSeconds(60));
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(patience.Token);
            var error = process.StandardError.ReadToEndAsync(patience.Token);
            try
            {
                await process.StandardInput.WriteAsync(input.AsMemory(), patience.Token);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended without reading its input; the exit code tells.
            }

            await process.WaitForExitAsync(patience.Token);
            return new ToolResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException exception)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{file} {string.Join(' ', start.ArgumentList)} did not end in time.", exception);
        }
    }

    /// <summary>Runs a program that must succeed.</summary>
    /// <inheritdoc cref="TryRunAsync"/>
    /// <returns>Its standard output.</returns>
    /// <exception cref="InvalidOperationException">It ended with another exit code than 0.</exception>
    public static async Task<string> RunAsync(
        string file,
        IEnumerable<string> arguments,
        string input = "",
        IReadOnlyDictionary<string, string>? environment = null,
        TimeSpan? timeout = null,
        string? folder = null)
    {
        var list = arguments.ToList();
        var result = await TryRunAsync(file, list, input, environment, timeout, folder);
        return result.ExitCode == 0
            ? result.Output
            : throw new InvalidOperationException($"{file} {string.Join(' ', list)} exited with {result.ExitCode}: {result.Error}{result.Output}");
    }

    /// <summary>Prefix that runs a program as a service's account when the tests run as root; empty otherwise.</summary>
    /// <param name="account">Account of the service.</param>
    /// <param name="server">Server that needs it.</param>
    /// <returns>The first arguments of the command.</returns>
    internal static string[] As(string account, string server)
    {
        if (!IsRoot)
        {
            return [];
        }

        if (!File.ReadLines("/etc/passwd").Any(line => line.StartsWith(account + ":", StringComparison.Ordinal)))
        {
            throw new ServerUnavailableException(server, $"there is no account {account} to run it as");
        }

        return [Require("setpriv", server, "util-linux"), $"--reuid={account}", $"--regid={account}", "--init-groups", "--"];
    }

    /// <summary>Gives a folder to a service's account when the tests run as root.</summary>
    /// <param name="account">Account of the service.</param>
    /// <param name="path">The folder.</param>
    /// <returns>A task.</returns>
    internal static async Task GiveAsync(string account, string path)
    {
        if (IsRoot)
        {
            await RunAsync("chown", ["-R", account + ":", path]);
        }
    }

    /// <summary>Start time of a process in clock ticks after boot, which with the id names it for good.</summary>
    /// <param name="pid">Its id.</param>
    /// <returns>The start time; null when there is no such process.</returns>
    internal static string? StartTimeOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19];
        }
        catch (IOException)
        {
            return null;
        }
    }
}
