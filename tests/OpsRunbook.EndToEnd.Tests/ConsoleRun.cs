using System.Reflection;

namespace OpsRunbook.EndToEnd.Tests;

/// <summary>Runs of <c>opsrunbook</c> as a process, as cron would run it.</summary>
internal static class ConsoleRun
{
    /// <summary>The program, for <c>dotnet</c>.</summary>
    public static string Console { get; } = Environment.GetEnvironmentVariable("OPSRUNBOOK_TESTS_CONSOLE")
        ?? typeof(ConsoleRun).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(item => item.Key == "ConsoleFile").Value!;

    /// <summary>Runs one command on a stack.</summary>
    /// <param name="stack">The stack file.</param>
    /// <param name="environment">Further variables.</param>
    /// <param name="arguments">The command and its arguments.</param>
    /// <returns>How it ended.</returns>
    public static Task<ToolResult> OfAsync(string stack, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        UnderAsync([], stack, environment, arguments);

    /// <summary>Runs one command on a stack under another program.</summary>
    /// <param name="program">That program and its arguments; none for no program.</param>
    /// <param name="stack">The stack file.</param>
    /// <param name="environment">Further variables.</param>
    /// <param name="arguments">The command and its arguments.</param>
    /// <returns>How it ended.</returns>
    public static async Task<ToolResult> UnderAsync(IReadOnlyList<string> program, string stack, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var file = Path.Combine(TestRun.NewFolder("stack"), "opsrunbook.yaml");
        await File.WriteAllTextAsync(file, stack);
        string[] command = [.. program, "dotnet", Console, .. arguments, "-Stack", file];
        return await Tool.TryRunAsync(command[0], command[1..], environment: environment, timeout: TimeSpan.FromMinutes(2));
    }

    /// <summary>Asserts that a command came to a good end.</summary>
    /// <param name="run">How it ended.</param>
    public static void AssertSucceeded(this ToolResult run) => Assert.True(run.ExitCode == 0, $"exit code {run.ExitCode}\n{run.Output}\n{run.Error}");
}
