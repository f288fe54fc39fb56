using System.Reflection;

namespace OpsRunbook.EndToEnd.Tests;

/// <summary>Runs of <c>opsrunbook</c> as a process, as cron would run it.</summary>
internal static class ConsoleRun
{
    private static readonly string Console = Environment.GetEnvironmentVariable("OPSRUNBOOK_TESTS_CONSOLE")
        ?? typeof(ConsoleRun).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(item => item.Key == "ConsoleFile").Value!;

    /// <summary>Runs one command on a stack.</summary>
    /// <param name="stack">The stack file.</param>
    /// <param name="environment">Further variables.</param>
    /// <param name="arguments">The command and its arguments.</param>
    /// <returns>How it ended.</returns>
    public static async Task<ToolResult> OfAsync(string stack, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        await Tool.TryRunAsync("dotnet", await CommandAsync(stack, arguments), environment: environment);

    /// <summary>Runs one command on a stack from within another network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="stack">The stack file.</param>
    /// <param name="arguments">The command and its arguments.</param>
    /// <returns>How it ended.</returns>
    public static async Task<ToolResult> InAsync(IsolatedNetwork network, string stack, params string[] arguments) =>
        await network.ExecuteAsync(["dotnet", .. await CommandAsync(stack, arguments)]);

    private static async Task<string[]> CommandAsync(string stack, string[] arguments)
    {
        var file = Path.Combine(TestRun.NewFolder("stack"), "opsrunbook.yaml");
        await File.WriteAllTextAsync(file, stack);
        return [Console, .. arguments, "-Stack", file];
    }
}
