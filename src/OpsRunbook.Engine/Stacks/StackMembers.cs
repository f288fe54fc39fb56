using System.Globalization;

namespace OpsRunbook.Engine.Stacks;

/// <summary>The members of a stack, one after another.</summary>
public static class StackMembers
{
    /// <summary>Every service, database, cache, web server and certificate, in the order of the stack.</summary>
    /// <param name="stack">The stack.</param>
    /// <returns>The members.</returns>
    public static IEnumerable<StackMember> Of(OpsStack stack)
    {
        ArgumentNullException.ThrowIfNull(stack);
        return stack.Services.Select(member => Create(
                member.Key, MemberKind.Service, member.Value.Host, Text(member.Value.Manager), ServiceTarget(member.Key, member.Value.Unit, member.Value.Ports, member.Value.Health), member.Value.DependsOn, member.Value))
            .Concat(stack.Databases.Select(member => Create(
                member.Key, MemberKind.Database, member.Value.Host, Text(member.Value.Engine), DatabaseTarget(member.Value), member.Value.DependsOn, member.Value)))
            .Concat(stack.Caches.Select(member => Create(
                member.Key, MemberKind.Cache, member.Value.Host, Text(member.Value.Engine), Address(member.Value.Server, member.Value.Port ?? 6379), member.Value.DependsOn, member.Value)))
            .Concat(stack.WebServers.Select(member => Create(
                member.Key, MemberKind.WebServer, member.Value.Host, member.Value.Engine, ServiceTarget(member.Key, member.Value.Unit, member.Value.Ports, member.Value.Health), member.Value.DependsOn, member.Value)))
            .Concat(stack.Certificates.Select(member => Create(
                member.Key, MemberKind.Certificate, member.Value.Host, member.Value.Renew ?? string.Empty, member.Value.Endpoint ?? member.Value.File ?? string.Empty, [], member.Value)));

        StackMember Create(string name, MemberKind kind, string? host, string type, string target, List<string> dependsOn, object definition) => new()
        {
            Name = name,
            Kind = kind,
            Host = host ?? Hosts.LocalHost.LocalName,
            Type = type,
            Target = target,
            DependsOn = dependsOn,
            Stack = stack.Name,
            Definition = definition,
        };
    }

    private static string Text(Enum? value) => value is null ? string.Empty : StackBinder.EnumText(value.ToString());

    private static string ServiceTarget(string name, string? unit, List<int> ports, List<StackHealthCheck> health) =>
        health.Select(check => check.Url is { } url ? WithoutPassword(url) : check.Tcp).FirstOrDefault(target => target is not null)
        ?? (ports.Count > 0 ? Address(null, ports[0]) : unit ?? name);

    private static string DatabaseTarget(StackDatabase database) =>
        (database.Socket ?? Address(database.Server, database.Port ?? ImageKind.DefaultPort(database.Engine))) + (database.Database is null ? string.Empty : "/" + database.Database);

    private static string Address(string? server, int port) => string.Create(CultureInfo.InvariantCulture, $"{server ?? "localhost"}:{port}");

    private static string WithoutPassword(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.UserInfo.Length > 0 ? uri.GetComponents(UriComponents.AbsoluteUri & ~UriComponents.UserInfo, UriFormat.UriEscaped) : url;
}
