namespace OpsRunbook.Engine.Announcements;

/// <summary>A way to tell people something.</summary>
internal interface IAnnouncementChannel
{
    /// <summary>Makes one attempt.</summary>
    /// <param name="announcement">What to say.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What the other side said to it.</returns>
    /// <exception cref="OpsException">
    /// It did not get there. One of the kind <see cref="OpsErrorKind.Connection"/> or <see cref="OpsErrorKind.Timeout"/> is worth another attempt.
    /// </exception>
    Task<string> SendAsync(Announcement announcement, CancellationToken cancellationToken);
}
