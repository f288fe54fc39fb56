using System.Text;
using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Environments;

/// <summary>
/// What compose would start a service with now: the compose file with its <c>environment</c>, its <c>env_file</c>s, and <c>.env</c>
/// filled in, where a variable of the container may have another name than in the file.
/// </summary>
internal static class ComposeEnvironment
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>The variables of a new container, without those of the image.</summary>
    /// <exception cref="OpsException">The compose tool or the compose file is missing or refuses.</exception>
    public static async Task<Dictionary<string, string>> ResolveAsync(IHost host, ServiceTarget target, UnitState state, CancellationToken cancellationToken)
    {
        var text = await ComposeTool.RunAsync(host, target, state, ServiceAction.Recreate, ["config"], Limit, cancellationToken);
        ConfigNode? root;
        try
        {
            root = ConfigReader.Read(Encoding.UTF8.GetBytes(text), new ConfigProblems("compose config", "Compose"));
        }
        catch (OpsException)
        {
            // Its message may quote what the file holds.
            root = null;
        }

        var environment = root?.Find("services")?.Find(target.Unit.Name) is { } service
            ? service.Find("environment")
            : throw EnvironmentErrors.FileUnknown(target, "what 'docker compose config' prints does not describe the service.");
        return environment?.Entries?.Where(entry => entry.Value.Text is not null && !entry.Value.IsNull)
            .ToDictionary(entry => entry.Key.Text!, entry => entry.Value.Text!.Replace("$$", "$", StringComparison.Ordinal), StringComparer.Ordinal) ?? [];
    }

    /// <summary>The variables that the image of a container has by itself.</summary>
    public static async Task<Dictionary<string, string>> OfImageAsync(IHost host, ServiceTarget target, UnitState state, CancellationToken cancellationToken)
    {
        using var docker = new DockerClient(host, target.Unit.DockerEndpoint);
        var container = await docker.InspectContainerAsync(state.InstanceList[0].Id, cancellationToken);
        using var image = await docker.GetJsonAsync($"images/{Uri.EscapeDataString(container.ImageId)}/json", cancellationToken);
        return RunningEnvironment.ConfiguredIn(image.RootElement);
    }
}
