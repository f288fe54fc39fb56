using OpsRunbook.Engine.Docker;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Services;

namespace OpsRunbook.Engine.Containers;

/// <summary>Tells which member of a stack a container belongs to, and where the engines of a stack are.</summary>
public sealed class ContainerMembers
{
    private readonly List<Member> _members;

    /// <summary>The members on one host.</summary>
    internal ContainerMembers(OpsStack stack, string host) =>
        _members = All(stack).Where(member => (member.Host ?? LocalHost.LocalName) == host).ToList();

    /// <summary>Hosts on which members run in containers; without any, every host that the stack uses.</summary>
    /// <param name="stack">The stack.</param>
    /// <returns>Their names.</returns>
    public static IReadOnlyList<string> Hosts(OpsStack stack)
    {
        ArgumentNullException.ThrowIfNull(stack);
        var hosts = All(stack).Where(member => member.IsContained).Select(member => member.Host ?? LocalHost.LocalName).Distinct(StringComparer.Ordinal).ToList();
        return hosts.Count > 0 ? hosts : HostSelection.Used(stack);
    }

    /// <summary>The member that a container is an instance of; null for none.</summary>
    internal string? Find(DockerContainer container) => _members.Find(member => member.Manager switch
    {
        ServiceManagerKind.Docker => member.Unit == container.Name || (member.Unit.Length >= 12 && container.Id.StartsWith(member.Unit, StringComparison.Ordinal)),
        ServiceManagerKind.Compose => container is { ComposeProject: not null, IsComposeOneOff: false }
            && container.ComposeService == member.Unit
            && ComposeManager.IsOf(container, new UnitReference(member.Unit, member.ComposeFile, member.Project)),
        _ => false,
    })?.Name;

    /// <summary>Members whose stack file names one of these images.</summary>
    internal IEnumerable<string> OfImage(IReadOnlyList<string> tags) =>
        _members.Where(member => member.Image is { } image && (tags.Contains(image, StringComparer.Ordinal) || tags.Contains(image + ":latest", StringComparer.Ordinal))).Select(member => member.Name);

    private static IEnumerable<Member> All(OpsStack stack) => stack.Services
        .Select(item => new Member(item.Key, item.Value.Manager, item.Value.Host, item.Value.Unit ?? item.Key, item.Value.ComposeFile, item.Value.Project, item.Value.Image))
        .Concat(stack.Databases.Select(item => new Member(
            item.Key, item.Value.Manager, item.Value.Host, item.Value.Unit ?? item.Key, item.Value.ComposeFile, item.Value.Project, null)))
        .Concat(stack.Caches.Select(item => new Member(
            item.Key, item.Value.Manager, item.Value.Host, item.Value.Unit ?? item.Key, item.Value.ComposeFile, item.Value.Project, null)))
        .Concat(stack.WebServers.Select(item => new Member(
            item.Key, item.Value.Manager, item.Value.Host, item.Value.Unit ?? item.Key, item.Value.ComposeFile, item.Value.Project, null)));

    private sealed record Member(string Name, ServiceManagerKind? Manager, string? Host, string Unit, string? ComposeFile, string? Project, string? Image)
    {
        public bool IsContained => Manager is ServiceManagerKind.Compose or ServiceManagerKind.Docker;
    }
}
