using System.Text.Json;
using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Containers;

/// <summary>Reads what takes space of a container engine, and who uses it.</summary>
public sealed class DockerUsages
{
    // The engine measures every volume and layer for this, which takes minutes on a large one.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly string[] Predefined = ["bridge", "host", "none"];

    private readonly IHost _host;
    private readonly ContainerMembers _members;
    private readonly DateTime _now = DateTime.UtcNow;
    private readonly List<(DockerContainer Container, JsonElement Json)> _containers;

    private DockerUsages(IHost host, OpsStack stack, JsonElement usage)
    {
        _host = host;
        _members = new ContainerMembers(stack, host.Name);
        _containers = DockerJson.Items(usage, "Containers").Select(json => (DockerJson.ReadListed(json), json)).ToList();
    }

    /// <summary>Everything the engine keeps.</summary>
    /// <param name="host">Host of the engine.</param>
    /// <param name="stack">The stack in use.</param>
    /// <param name="kinds">Only these kinds; none for all.</param>
    /// <param name="names">Picks by name, tag, user or service.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The things by kind, the largest first.</returns>
    /// <exception cref="OpsException">The engine cannot be asked.</exception>
    public static async Task<IReadOnlyList<DockerUsage>> ReadAsync(
        IHost host, OpsStack stack, IReadOnlyCollection<DockerUsageKind> kinds, NameFilter names, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(stack);
        ArgumentNullException.ThrowIfNull(kinds);
        ArgumentNullException.ThrowIfNull(names);
        using var docker = DockerClient.Of(host, stack);
        using var usage = await docker.GetJsonAsync("system/df" + Types(kinds), cancellationToken, within: Patience);
        var networks = IsWanted(DockerUsageKind.Network) ? await docker.GetJsonAsync("networks", cancellationToken) : null;
        using (networks)
        {
            var reader = new DockerUsages(host, stack, usage.RootElement);
            IEnumerable<DockerUsage> all =
            [
                .. DockerJson.Items(usage.RootElement, "Images").Select(reader.Image),
                .. reader._containers.Select(reader.Container),
                .. DockerJson.Items(usage.RootElement, "Volumes").Select(reader.Volume),
                .. DockerJson.Items(usage.RootElement, "BuildCache").Select(reader.BuildCache),
                .. networks?.RootElement.EnumerateArray().Select(reader.Network).Where(network => network.InUse || !Predefined.Contains(network.Name, StringComparer.Ordinal)) ?? [],
            ];
            return all
                .Where(item => IsWanted(item.Kind) && names.Includes([item.Name, .. item.Tags, .. item.UsedBy, .. item.Services]))
                .OrderBy(item => item.Kind)
                .ThenByDescending(item => item.SizeBytes)
                .ThenBy(item => item.Name, StringComparer.Ordinal)
                .ToList();
        }

        bool IsWanted(DockerUsageKind kind) => kinds.Count == 0 || kinds.Contains(kind);
    }

    // Engines before API 1.42 measure everything whatever is asked. Containers are always needed, for who uses what.
    private static string Types(IReadOnlyCollection<DockerUsageKind> kinds) => kinds.Count == 0
        ? string.Empty
        : "?type=container" + string.Concat(kinds.Distinct().Select(kind => kind switch
        {
            DockerUsageKind.Image => "&type=image",
            DockerUsageKind.Volume => "&type=volume",
            DockerUsageKind.BuildCache => "&type=build-cache",
            _ => string.Empty,
        }));

    private DockerUsage Image(JsonElement json)
    {
        var id = DockerJson.Text(json, "Id") ?? string.Empty;
        var tags = DockerJson.Items(json, "RepoTags").Select(tag => tag.GetString()).OfType<string>().Where(tag => tag != "<none>:<none>").ToList();
        var size = Size(json, "Size");
        var shared = Size(json, "SharedSize");
        var users = Users(container => container.ImageId == id);
        return Create(
            DockerUsageKind.Image,
            tags.FirstOrDefault() ?? "<none>",
            id,
            size,
            size - (shared ?? 0),
            users,
            users.Count > 0,
            DockerJson.Number(json, "Created"),
            _members.OfImage(tags),
            tags,
            shared);
    }

    private DockerUsage Container((DockerContainer Container, JsonElement Json) item)
    {
        // The engine leaves a size of nothing out.
        var size = Size(item.Json, "SizeRw") ?? 0;
        return Create(
            DockerUsageKind.Container,
            item.Container.Name,
            item.Container.Id,
            size,
            size,
            [item.Container],
            item.Container.State is "running" or "paused" or "restarting",
            DockerJson.Number(item.Json, "Created"));
    }

    private DockerUsage Volume(JsonElement json)
    {
        var name = DockerJson.Text(json, "Name") ?? string.Empty;
        var measured = DockerJson.Child(json, "UsageData");
        var size = Size(measured, "Size");
        var users = _containers
            .Where(item => DockerJson.Items(item.Json, "Mounts").Any(mount => DockerJson.Text(mount, "Type") == "volume" && DockerJson.Text(mount, "Name") == name))
            .Select(item => item.Container)
            .ToList();
        return Create(
            DockerUsageKind.Volume, name, name, size, size, users, users.Count > 0 || DockerJson.Number(measured, "RefCount") is > 0, Seconds(DockerJson.Moment(json, "CreatedAt")));
    }

    private DockerUsage BuildCache(JsonElement json)
    {
        var size = Size(json, "Size");
        var id = DockerJson.Text(json, "ID") ?? string.Empty;

        // What is shared is a layer of an image as well, and its removal gives nothing back.
        return Create(
            DockerUsageKind.BuildCache,
            DockerJson.Text(json, "Description") is { Length: > 0 } description ? description : DockerJson.Text(json, "Type") ?? id,
            id,
            size,
            DockerJson.Flag(json, "Shared") ? 0 : size,
            [],
            DockerJson.Flag(json, "InUse"),
            Seconds(DockerJson.Moment(json, "CreatedAt")),
            lastUsedAt: DockerJson.Moment(json, "LastUsedAt"));
    }

    private DockerUsage Network(JsonElement json)
    {
        var name = DockerJson.Text(json, "Name") ?? string.Empty;
        var users = _containers
            .Where(item => DockerJson.Child(DockerJson.Child(DockerJson.Child(item.Json, "NetworkSettings"), "Networks"), name).ValueKind == JsonValueKind.Object)
            .Select(item => item.Container)
            .ToList();
        return Create(
            DockerUsageKind.Network, name, DockerJson.Text(json, "Id") ?? string.Empty, null, null, users, users.Count > 0, Seconds(DockerJson.Moment(json, "Created")));
    }

    private DockerUsage Create(
        DockerUsageKind kind,
        string name,
        string id,
        long? size,
        long? reclaimable,
        List<DockerContainer> users,
        bool inUse,
        long? created,
        IEnumerable<string>? services = null,
        List<string>? tags = null,
        long? shared = null,
        DateTime? lastUsedAt = null) => new()
        {
            Kind = kind,
            Name = name,
            Id = id,
            Host = _host.Name,
            Tags = tags ?? [],
            SizeBytes = size,
            SharedBytes = shared,
            ReclaimableBytes = inUse && reclaimable is not null ? 0 : reclaimable,
            InUse = inUse,
            UsedBy = users.Select(user => user.Name).Order(StringComparer.Ordinal).ToList(),
            Services = users.Select(user => _members.Find(user) ?? user.ComposeService)
            .OfType<string>()
            .Concat(services ?? [])
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .ToList(),
            CreatedAt = created is null ? null : DateTime.UnixEpoch.AddSeconds(created.Value),
            LastUsedAt = lastUsedAt,
            Age = created is null ? null : _now - DateTime.UnixEpoch.AddSeconds(created.Value),
        };

    private List<DockerContainer> Users(Func<DockerContainer, bool> uses) => _containers.Select(item => item.Container).Where(uses).ToList();

    // -1 says that it was not or cannot be measured.
    private static long? Size(JsonElement json, string name) => DockerJson.Number(json, name) is { } size and >= 0 ? size : null;

    private static long? Seconds(DateTime? moment) => moment is { } time ? (long)(time - DateTime.UnixEpoch).TotalSeconds : null;
}
