using System.Text.Json;
using OpsRunbook.Engine.Containers;
using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Disks.Cleaning;

/// <summary>What a container engine keeps, with what of it a stack needs.</summary>
internal sealed class DockerStore
{
    private const string ProjectLabel = "com.docker.compose.project";
    private const string ServiceLabel = "com.docker.compose.service";

    // The engine measures every layer for this, which takes minutes on a large one.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    // An image without a true time of its making cannot be put in order with others.
    private static readonly DateTime FirstTrueTime = new(1990, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private DockerStore(ulong device, IReadOnlyList<DockerContainer> containers, IReadOnlyDictionary<string, long> written, IReadOnlyList<StoredImage> images, long buildCache, int buildSteps)
    {
        Device = device;
        Containers = containers;
        Written = written;
        Images = images;
        BuildCacheBytes = buildCache;
        BuildCacheSteps = buildSteps;
    }

    /// <summary>Number of the file system that it is on.</summary>
    public ulong Device { get; }

    public IReadOnlyList<DockerContainer> Containers { get; }

    /// <summary>What containers have written themselves, bytes, by their ids.</summary>
    public IReadOnlyDictionary<string, long> Written { get; }

    public IReadOnlyList<StoredImage> Images { get; }

    /// <summary>What of the build cache nothing uses, bytes.</summary>
    public long BuildCacheBytes { get; }

    /// <summary>How many entries of it nothing uses.</summary>
    public int BuildCacheSteps { get; }

    /// <summary>Reads the engine of a host.</summary>
    /// <param name="docker">The engine.</param>
    /// <param name="host">Its host.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The store; null when its folder cannot be seen from the host.</returns>
    public static async Task<DockerStore?> ReadAsync(DockerClient docker, IHost host, CancellationToken cancellationToken)
    {
        using var info = await docker.GetJsonAsync("info", cancellationToken);
        if (await FileNumbers.DeviceAsync(host, DockerJson.Text(info.RootElement, "DockerRootDir") ?? string.Empty, cancellationToken) is not { } device)
        {
            return null;
        }

        using var usage = await docker.GetJsonAsync("system/df", cancellationToken, within: Patience);
        var cache = DockerJson.Items(usage.RootElement, "BuildCache").Where(entry => !DockerJson.Flag(entry, "InUse")).ToList();
        var containers = DockerJson.Items(usage.RootElement, "Containers").ToList();
        return new DockerStore(
            device,
            containers.ConvertAll(DockerJson.ReadListed),
            containers.ToDictionary(json => DockerJson.Text(json, "Id") ?? string.Empty, json => DockerJson.Number(json, "SizeRw") ?? 0, StringComparer.Ordinal),
            DockerJson.Items(usage.RootElement, "Images").Select(Image).ToList(),
            cache.Where(entry => !DockerJson.Flag(entry, "Shared")).Sum(entry => DockerJson.Number(entry, "Size") ?? 0),
            cache.Count);
    }

    /// <summary>Images that no service needs, neither now nor to go back.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="host">Name of the engine's host.</param>
    /// <param name="previous">Images of each service that are kept beside the current one.</param>
    /// <returns>The images with the reason why each may go.</returns>
    public IEnumerable<(StoredImage Image, DiskCleanupRisk Risk, string Reason)> Dispensable(OpsStack stack, string host, int previous)
    {
        var used = Containers.Select(container => container.ImageId).ToHashSet(StringComparer.Ordinal);
        var kept = new HashSet<string>(StringComparer.Ordinal);
        var owners = new Dictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (var service in Services(stack, host))
        {
            var named = service.Image is { } image ? Images.Where(candidate => candidate.IsNamed(image)).ToList() : [];
            var current = Images.Where(candidate => service.Instances.Exists(container => container.ImageId == candidate.Id)).Concat(named).Distinct().ToList();
            var names = current.SelectMany(candidate => candidate.Repositories)
                .Concat(service.Instances.Select(container => StoredImage.RepositoryOf(container.Image)))
                .Concat(service.Image is { } text ? [StoredImage.RepositoryOf(text)] : [])
                .ToHashSet(StringComparer.Ordinal);
            var builds = service.Instances.Select(container => (container.ComposeProject, container.ComposeService)).Append(service.Build).ToHashSet();
            var own = Images.Where(candidate => current.Contains(candidate) || candidate.Repositories.Any(names.Contains)
                || (candidate.Labels.GetValueOrDefault(ProjectLabel) is { } project && builds.Contains((project, candidate.Labels.GetValueOrDefault(ServiceLabel))))).ToList();
            foreach (var candidate in own)
            {
                (owners.TryGetValue(candidate.Id, out var known) ? known : owners[candidate.Id] = new SortedSet<string>(StringComparer.Ordinal)).Add(service.Name);
            }

            // What is newer than the current one is about to be deployed. Without a current one the newest takes its place.
            var since = current.Count > 0 ? current.Max(candidate => candidate.Created) : own.Count > 0 ? own.Max(candidate => candidate.Created) : DateTime.MaxValue;
            kept.UnionWith(own.Where(candidate => candidate.Created >= since || candidate.Created < FirstTrueTime).Select(candidate => candidate.Id));
            kept.UnionWith(own.Where(candidate => candidate.Created < since && !current.Contains(candidate)).OrderByDescending(candidate => candidate.Created).Take(previous).Select(candidate => candidate.Id));
            kept.UnionWith(current.Select(candidate => candidate.Id));
        }

        foreach (var image in Images.Where(image => !used.Contains(image.Id) && !kept.Contains(image.Id)))
        {
            yield return owners.TryGetValue(image.Id, out var services)
                ? (image, DiskCleanupRisk.Medium, $"no container uses it, and {string.Join(", ", services)} {(services.Count == 1 ? "has" : "have")} newer ones to go back to")
                : image.References.Count == 0 ? (image, DiskCleanupRisk.Low, "no container uses it and it has no name")
                : image.CanBePulled ? (image, DiskCleanupRisk.Medium, "no container and no service of the stack uses it; it can be pulled again")
                : (image, DiskCleanupRisk.High, "no container and no service of the stack uses it; it came from no registry and cannot be pulled again");
        }
    }

    // The services of the stack, and whatever else there are containers of: other stacks on the same engine go back to their images too.
    private IEnumerable<(string Name, List<DockerContainer> Instances, string? Image, (string? Project, string? Service) Build)> Services(OpsStack stack, string host)
    {
        var members = new ContainerMembers(stack, host);
        foreach (var target in ServiceTargets.Of(stack).Where(target => target.Host == host && target.Manager is ServiceManagerKind.Compose or ServiceManagerKind.Docker))
        {
            yield return (target.Name, Containers.Where(container => members.Find(container) == target.Name).ToList(), target.Service?.Image, (target.Unit.Project, target.Unit.Name));
        }

        foreach (var others in Containers.Where(container => members.Find(container) is null).GroupBy(container => (container.ComposeProject, container.ComposeService, Name: container.ComposeService is null ? container.Name : null)))
        {
            yield return (others.Key.ComposeService ?? others.Key.Name!, others.ToList(), null, (others.Key.ComposeProject, others.Key.ComposeService));
        }
    }

    private static StoredImage Image(JsonElement json) => new(
        DockerJson.Text(json, "Id") ?? string.Empty,
        Names(json, "RepoTags"),
        Names(json, "RepoDigests"),
        DockerJson.Labels(json),
        DateTime.UnixEpoch.AddSeconds(DockerJson.Number(json, "Created") ?? 0),
        (DockerJson.Number(json, "Size") ?? 0) - Math.Max(0, DockerJson.Number(json, "SharedSize") ?? 0));

    private static List<string> Names(JsonElement json, string name) =>
        DockerJson.Items(json, name).Select(item => item.GetString() ?? string.Empty).Where(item => item.Length > 0 && !item.StartsWith('<')).ToList();
}
