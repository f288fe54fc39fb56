using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Certificates;

/// <summary>Finds the lineages that are meant by certificates of a stack, or by their own names.</summary>
/// <param name="session">The stack in use.</param>
/// <param name="folder">certbot's configuration folder.</param>
/// <param name="output">Takes an error for each name that means nothing.</param>
internal sealed class RenewalTargets(StackSession session, string folder, IOperationOutput output)
{
    private readonly Dictionary<string, IReadOnlyList<CertbotLineage>> _lineages = new(StringComparer.Ordinal);

    /// <summary>By certificates of the stack.</summary>
    /// <param name="names">Their names with wildcards; none for all that certbot renews.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>What was found.</returns>
    public async Task<IReadOnlyList<RenewalTarget>> OfMembersAsync(IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var filter = new NameFilter(names);
        var members = session.Stack.Certificates.Where(member => filter.Includes(member.Key)).ToList();
        foreach (var error in filter.Unused("Certificate.MemberNotFound", "certificate"))
        {
            output.Error(error);
        }

        foreach (var (name, _) in members.Where(member => member.Value.Renew != "certbot" && names.Contains(member.Key, StringComparer.OrdinalIgnoreCase)))
        {
            output.Error(new OpsException(
                "Certificate.NotRenewed", OpsErrorKind.InvalidArgument, $"The stack '{session.Stack.Name}' does not say that certbot renews '{name}'.", "Give it 'renew: certbot' in the stack file, or name its lineage with -Lineage.", name));
        }

        var renewed = members.FindAll(member => member.Value.Renew == "certbot");
        if (renewed.Count == 0 && names.Count == 0)
        {
            output.Error(new OpsException(
                "Certificate.MemberNotFound", OpsErrorKind.NotFound, $"The stack '{session.Stack.Name}' has no certificate that certbot renews.", "Give one 'renew: certbot' in the stack file, or name lineages with -Lineage.", session.Stack.Name));
        }

        var targets = new List<RenewalTarget>();
        foreach (var (name, certificate) in renewed)
        {
            try
            {
                var host = session.Host(certificate.Host);
                targets.Add(new RenewalTarget(name, host, await LineageAsync(name, certificate, host, cancellationToken), certificate));
            }
            catch (OpsException error)
            {
                output.Error(error);
            }
        }

        return targets;
    }

    /// <summary>By lineages. What the stack says about their certificates is used.</summary>
    /// <param name="host">Their host.</param>
    /// <param name="names">Their names with wildcards.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>What was found.</returns>
    public async Task<IReadOnlyList<RenewalTarget>> OfLineagesAsync(IHost host, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var filter = new NameFilter(names);
        var lineages = await ReadAsync(host, cancellationToken);
        var wanted = lineages.Where(lineage => filter.Includes(lineage.Name)).ToList();
        foreach (var error in filter.Unused("Certificate.LineageNotFound", $"lineage in {folder} on {host.Name}"))
        {
            output.Error(error);
        }

        var members = new Dictionary<string, (string Name, StackCertificate Certificate)>(StringComparer.Ordinal);
        foreach (var (name, certificate) in session.Stack.Certificates.Where(member => session.Host(member.Value.Host).Name == host.Name))
        {
            if (certificate.File is { } file && await CertbotLineage.FindAsync(host, lineages, file, cancellationToken) is { } owner)
            {
                members.TryAdd(owner.Name, (name, certificate));
            }
        }

        return wanted.ConvertAll(lineage => members.TryGetValue(lineage.Name, out var member)
            ? new RenewalTarget(member.Name, host, lineage, member.Certificate)
            : new RenewalTarget(lineage.Name, host, lineage, new StackCertificate()));
    }

    private async Task<CertbotLineage> LineageAsync(string name, StackCertificate certificate, IHost host, CancellationToken cancellationToken)
    {
        var lineages = await ReadAsync(host, cancellationToken);

        // certbot names a lineage by the first name of its certificate.
        var found = certificate.File is { } file
            ? await CertbotLineage.FindAsync(host, lineages, file, cancellationToken)
            : new[] { certificate.ServerName, certificate.Endpoint is { } endpoint ? Endpoint.Split(endpoint, 443).Host : null, name }
                .Select(each => lineages.FirstOrDefault(lineage => string.Equals(lineage.Name, each, StringComparison.OrdinalIgnoreCase)))
                .FirstOrDefault(lineage => lineage is not null);
        return found ?? throw new OpsException(
            "Certificate.LineageNotFound",
            OpsErrorKind.NotFound,
            $"certbot on {host.Name} has no lineage for '{name}'{(certificate.File is null ? string.Empty : $" ({certificate.File})")} in {folder}.",
            lineages.Count == 0 ? "Name its folder with -CertbotDirectory." : $"It has: {string.Join(", ", lineages.Select(lineage => lineage.Name).Take(20))}. Name its file in the stack file.",
            name);
    }

    private async Task<IReadOnlyList<CertbotLineage>> ReadAsync(IHost host, CancellationToken cancellationToken) =>
        _lineages.TryGetValue(host.Name, out var known) ? known : _lineages[host.Name] = await CertbotLineage.ReadAllAsync(host, folder, cancellationToken);
}
