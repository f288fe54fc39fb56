namespace OpsRunbook.Fixtures;

/// <summary>
/// The Node.js application of the end-to-end tests (SampleApp/app.js): <c>/health</c>,
/// <c>/api/v1/health/ready</c> and <c>/metrics</c>, and how to make it misbehave.
/// </summary>
public static class SampleApp
{
    private static readonly Lazy<string> Script = new(() => TestRun.Extract("app.js", TestRun.NewFolder("app")));

    /// <summary>The script.</summary>
    public static string ScriptFile => Script.Value;

    /// <summary>Node.js.</summary>
    public static string NodeFile => Tool.Require("node", "Node.js", "nodejs");

    /// <summary>Content of the control file that makes the application misbehave.</summary>
    /// <param name="latencyMilliseconds">Delay of every health answer.</param>
    /// <param name="status">Status of every health answer; null for the true one.</param>
    /// <param name="body">Body of every health answer; null for the true one.</param>
    /// <returns>JSON.</returns>
    public static string Control(int latencyMilliseconds = 0, int? status = null, string? body = null) =>
        System.Text.Json.JsonSerializer.Serialize(new { latencyMs = latencyMilliseconds, status, body });
}
