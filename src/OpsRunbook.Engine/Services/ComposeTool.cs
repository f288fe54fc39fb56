using System.Text.RegularExpressions;
using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Services;

/// <summary>The compose tool of a host: <c>docker compose</c>, or <c>docker-compose</c> where that is what there is.</summary>
internal static partial class ComposeTool
{
    private const int NotInstalled = 127;

    private const string Script = """
        if docker compose version >/dev/null 2>&1; then exec docker compose "$@"; fi
        if command -v docker-compose >/dev/null 2>&1; then exec docker-compose "$@"; fi
        exit 127
        """;

    /// <summary>The tool knows how to make the containers of the service.</summary>
    public static bool CanMake(ServiceTarget target) => target.Unit.ComposeFile is not null;

    /// <summary>Runs the tool on the project of a service, with the files that made its containers.</summary>
    /// <param name="host">Host with the compose file.</param>
    /// <param name="target">The service.</param>
    /// <param name="state">Its present state; its containers know the project and the files.</param>
    /// <param name="action">What it is for, for messages.</param>
    /// <param name="arguments">The tool's command with its arguments.</param>
    /// <param name="limit">Longest run.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>What the tool printed; it has succeeded.</returns>
    /// <exception cref="OpsException"><c>Compose.NotInstalled</c>, <c>Compose.FileInvalid</c>, <c>Service.ActionFailed</c>.</exception>
    public static async Task<string> RunAsync(
        IHost host, ServiceTarget target, UnitState state, ServiceAction action, string[] arguments, TimeSpan limit, CancellationToken cancellationToken)
    {
        var (command, files) = await CommandAsync(host, target, state, arguments, cancellationToken);
        var result = await host.RunAsync(new HostCommand(["env", .. command]) { Timeout = limit }, cancellationToken);
        if (result.ExitCode == NotInstalled)
        {
            throw new OpsException(
                "Compose.NotInstalled",
                OpsErrorKind.NotInstalled,
                $"There is no compose tool on host '{host.Name}', neither 'docker compose' nor 'docker-compose'.",
                "Install the package docker-compose-plugin or docker-compose there.",
                target.Name);
        }

        return result.Succeeded ? result.StandardOutput : throw Failure(target, action, files, result);
    }

    /// <summary>The arguments of <c>env</c> that run the tool on the project of a service.</summary>
    /// <param name="host">Host with the compose file.</param>
    /// <param name="target">The service.</param>
    /// <param name="state">Its present state; its containers know the project and the files.</param>
    /// <param name="arguments">The tool's command with its arguments.</param>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>The arguments, and the compose files for messages.</returns>
    public static async Task<(string[] Command, string Files)> CommandAsync(
        IHost host, ServiceTarget target, UnitState state, string[] arguments, CancellationToken cancellationToken)
    {
        if (!ServiceName().IsMatch(target.Unit.Name))
        {
            throw ServiceErrors.NotFound(target);
        }

        var (files, project, folder) = await ProjectAsync(host, target, state, cancellationToken);
        string[] command =
        [
            "LC_ALL=C.UTF-8",
            .. target.Unit.DockerEndpoint is { } endpoint ? [$"DOCKER_HOST={endpoint}"] : Array.Empty<string>(),
            "sh", "-c", Script, "sh",
            .. files.SelectMany(file => new[] { "-f", file }),
            .. project is null ? Array.Empty<string>() : ["-p", project],
            .. folder is null ? Array.Empty<string>() : ["--project-directory", folder],
            .. arguments,
        ];
        return (command, string.Join(", ", files));
    }

    private static async Task<(IReadOnlyList<string> Files, string? Project, string? Folder)> ProjectAsync(
        IHost host, ServiceTarget target, UnitState state, CancellationToken cancellationToken)
    {
        string? made = null, project = target.Unit.Project, folder = null;
        if (state.InstanceList.Count > 0)
        {
            using var docker = new DockerClient(host, target.Unit.DockerEndpoint);
            var container = await docker.InspectContainerAsync(state.InstanceList[0].Id, cancellationToken);
            (made, project) = (container.ComposeFiles, container.ComposeProject ?? project);
            folder = container.Labels.GetValueOrDefault("com.docker.compose.project.working_dir");
        }

        // Containers that the file made say which files those were, overrides included. Older tools note them
        // relative to the project's folder.
        var files = made?.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(file => file.StartsWith('/') || folder is null ? file : $"{folder}/{file}").ToList() ?? [];
        if (target.Unit.ComposeFile is { } named && !files.Contains(named, StringComparer.Ordinal))
        {
            files = [named];
        }

        return files.Count > 0
            ? (files, project, folder)
            : throw new OpsException(
                "Compose.FileUnknown",
                OpsErrorKind.InvalidArgument,
                $"Which compose file makes '{target.Name}' on host '{target.Host}' is not known: its containers do not say it, nor does the stack file.",
                "Give the service 'composeFile' in the stack file.",
                target.Name);
    }

    // The tool's last line says what is wrong; what comes before is its progress.
    private static OpsException Failure(ServiceTarget target, ServiceAction action, string files, CommandResult result)
    {
        var lines = result.StandardError.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var text = string.Join(' ', lines.TakeLast(3));
        return ParseError().IsMatch(result.StandardError)
            ? new OpsException(
                "Compose.FileInvalid",
                OpsErrorKind.InvalidData,
                $"The compose file {files} of '{target.Name}' on host '{target.Host}' is refused by the compose tool: {text}",
                "Nothing was changed. See the whole message with 'docker compose config'.",
                target.Name)
            : ServiceErrors.Failed(target, action, text);
    }

    [GeneratedRegex("^[A-Za-z0-9_][A-Za-z0-9_.-]*\\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ServiceName();

    [GeneratedRegex("yaml|is invalid because|no such file|unsupported config|Additional propert|validating |interpolat|not a valid", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ParseError();
}
