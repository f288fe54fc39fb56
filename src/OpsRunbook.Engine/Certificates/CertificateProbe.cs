using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Certificates;

/// <summary>Gets certificates from files and endpoints and has them judged.</summary>
/// <param name="host">Host of the files, and where connections start.</param>
/// <param name="terms">What they are judged by.</param>
internal sealed class CertificateProbe(IHost host, CertificateTerms terms)
{
    private const int HttpsPort = 443;
    private readonly CertificateJudge _judge = new(terms);

    // Many servers present the same certificate: what was decoded of the first is not decoded again.
    private readonly ConcurrentDictionary<string, X509Certificate2> _known = new(StringComparer.Ordinal);

    /// <summary>Host of the files, and where connections start.</summary>
    public IHost Host => host;

    /// <summary>Looks at what an endpoint serves and a file holds, and compares both.</summary>
    /// <param name="query">Where to look.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <returns>A status for each certificate; one alone when the endpoint serves what the file holds.</returns>
    /// <exception cref="OpsException">There is nothing to be judged.</exception>
    public async Task<IReadOnlyList<CertificateStatus>> LookAsync(CertificateQuery query, CancellationToken cancellationToken)
    {
        if (query.Endpoint is null && query.File is null)
        {
            throw new OpsException(
                "Certificate.NothingToCheck", OpsErrorKind.InvalidArgument, "The certificate has neither an endpoint nor a file.", "Give it one in the stack file: endpoint: host:443.", query.Name);
        }

        var served = query.Endpoint is null ? null : await HandshakeAsync(query, cancellationToken);
        using var content = query.File is null ? null : await ReadAsync(query.File, cancellationToken);
        var statuses = new List<CertificateStatus>();
        var (key, keyProblem) = await KeyAsync(query, content, cancellationToken);
        var lineage = query.CertbotFolder is not null && content is not null
            ? await LineageFindingsAsync(query, content.Certificates[0], cancellationToken)
            : [];
        if (served is not null)
        {
            var leaf = served.Chain[0];
            bool? same = content is null ? null : content.Certificates.Any(each => each.RawDataMemory.Span.SequenceEqual(leaf.RawDataMemory.Span));
            var stored = content?.Certificates[0];
            statuses.Add(_judge.Judge(new CertificateEvidence(leaf, served.Target)
            {
                Name = query.Name,
                Host = host.Name,
                Presented = [.. served.Chain.Skip(1)],
                Order = served.Chain,
                IsEndpoint = true,
                ServerName = served.ServerName,
                Key = same == true ? key : null,
                KeySource = query.Key,
                KeyProblem = same == true ? keyProblem : null,
                IsServed = same,
                Latency = served.Latency,
                Findings =
                [
                    .. same == true ? lineage : [],
                    .. same == false ? [NotReloaded(served, query.File!, leaf, stored!)] : Array.Empty<CertificateFinding>(),
                    .. same == true && content!.Damaged is { } damage ? [FindingOf(damage)] : Array.Empty<CertificateFinding>(),
                ],
            }));
            if (same == true)
            {
                return statuses;
            }
        }

        if (content is not null)
        {
            statuses.AddRange(Judge(query, content, key, keyProblem, served is null ? null : false, lineage));
        }

        return statuses;
    }

    /// <summary>Judges a certificate that is there already.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="query">Its key and name.</param>
    /// <param name="cancellationToken">Ends the reading of the key.</param>
    /// <returns>The status.</returns>
    public async Task<CertificateStatus> LookAtAsync(X509Certificate2 certificate, CertificateQuery query, CancellationToken cancellationToken)
    {
        var (key, problem) = await KeyAsync(query, null, cancellationToken);
        if (key is null && problem is null && certificate.HasPrivateKey)
        {
            key = PrivateKeyFile.PublicPart(certificate);
        }

        return _judge.Judge(new CertificateEvidence(certificate, "pipeline")
        {
            ServerName = query.ServerName,
            Key = key,
            KeySource = query.Key ?? "that came with it",
            KeyProblem = problem,
        });
    }

    /// <summary>A status for what gave no certificate.</summary>
    /// <param name="query">What was looked for.</param>
    /// <param name="error">Why there is none.</param>
    /// <returns>The status.</returns>
    public CertificateStatus Nothing(CertificateQuery query, OpsException error) =>
        _judge.Nothing(query.Name, query.Endpoint ?? query.File ?? query.Name ?? string.Empty, host.Name, error.Id == "Certificate.NothingToCheck" ? HealthStatus.Unknown : CheckFailure.Status(error), error);

    /// <summary>What an endpoint presents.</summary>
    /// <param name="query">The endpoint.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>Its chain, with the server's own certificate first.</returns>
    /// <exception cref="OpsException">The endpoint's failures.</exception>
    public async Task<ServedChain> HandshakeAsync(CertificateQuery query, CancellationToken cancellationToken)
    {
        var (address, port) = Endpoint.Split(query.Endpoint!, HttpsPort);
        var name = query.ServerName ?? address;
        var kind = StartTls.Choose(query.StartTls, port);
        var reading = await TlsProbe.HandshakeAsync(
            host, address, port, new TlsOptions(name) { Insecure = true, OnlyCollect = true, StartTls = kind }, terms.Timeout, cancellationToken);
        return new ServedChain(EndpointErrors.HostPort(address, port), name, [.. reading.Chain.Select(Known)], reading.Timings.Total);
    }

    private X509Certificate2 Known(X509Certificate2 certificate)
    {
        var known = _known.GetOrAdd(CertificateJudge.Thumbprint(certificate), certificate);
        if (!ReferenceEquals(known, certificate))
        {
            certificate.Dispose();
        }

        return known;
    }

    private async Task<CertificateContent> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var bytes = await host.ReadFileAsync(path, CertificateFile.MaximumBytes, cancellationToken) ?? throw CertificateErrors.FileMissing(host.Name, path);
        return CertificateFile.Parse(path, bytes, terms.Password);
    }

    private IEnumerable<CertificateStatus> Judge(
        CertificateQuery query, CertificateContent content, byte[]? key, OpsException? keyProblem, bool? isServed, IReadOnlyList<CertificateFinding> more)
    {
        var ends = CertificateJudge.Ends(content.Certificates);
        var issuers = content.Certificates.Except(ends).ToList();

        // In a bundle of several, a key belongs to one of them at most.
        var owner = key is null ? null : ends.FirstOrDefault(end => PrivateKeyFile.IsKeyOf(key, end)) ?? ends[0];
        foreach (var end in ends)
        {
            yield return _judge.Judge(new CertificateEvidence(end, query.File!)
            {
                Name = query.Name,
                Host = host.Name,
                Presented = issuers,
                Order = ends.Count == 1 ? content.Certificates : null,
                ServerName = query.ServerName,
                Key = ReferenceEquals(end, owner) ? key : null,
                KeySource = query.Key ?? query.File,
                KeyProblem = ReferenceEquals(end, ends[0]) ? keyProblem : null,
                IsServed = isServed,
                Findings = ReferenceEquals(end, ends[0]) ? [.. more, .. content.Damaged is { } damage ? [FindingOf(damage)] : Array.Empty<CertificateFinding>()] : [],
            });
        }
    }

    private async Task<(byte[]? Key, OpsException? Problem)> KeyAsync(CertificateQuery query, CertificateContent? content, CancellationToken cancellationToken)
    {
        if (query.Key is null)
        {
            return (content?.Key, content?.KeyProblem);
        }

        try
        {
            return (await PrivateKeyFile.ReadAsync(host, query.Key, terms.Password, cancellationToken), null);
        }
        catch (OpsException error) when (error.Kind != OpsErrorKind.Timeout)
        {
            return (null, error);
        }
    }

    private async Task<IReadOnlyList<CertificateFinding>> LineageFindingsAsync(CertificateQuery query, X509Certificate2 certificate, CancellationToken cancellationToken)
    {
        var lineages = await CertbotLineage.ReadAllAsync(host, query.CertbotFolder!, cancellationToken);
        var lineage = await CertbotLineage.FindAsync(host, lineages, query.File!, cancellationToken);
        return CertbotLineage.Judge(lineage, query.File!, certificate, lineage is null ? null : await new CertbotSchedule(host).ReadAsync(lineage, cancellationToken));
    }

    private static CertificateFinding FindingOf(OpsException error) =>
        new() { Status = CheckFailure.Status(error), Reason = error.Id, Message = error.Message, NextStep = error.NextStep };

    private static CertificateFinding NotReloaded(ServedChain served, string file, X509Certificate2 live, X509Certificate2 stored) => new()
    {
        Status = HealthStatus.Warning,
        Reason = "Certificate.NotReloaded",
        Message = $"{served.Target} serves another certificate (until {Display.Moment(live.NotAfter.ToUniversalTime())}) than lies in {file} (until {Display.Moment(stored.NotAfter.ToUniversalTime())}): the server was not reloaded, or serves another file.",
        NextStep = "Reload the server: Restart-OpsService NAME -Reload.",
    };
}
