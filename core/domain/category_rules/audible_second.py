"""Audible's second-level genres below each top-level one; a name may mean other things elsewhere."""

from __future__ import annotations

from core.domain.category_rules.rows import Row, genre_key, read_rows

_TABLES = {
    "Arts & Entertainment": """
Art; Architecture; Photography; Fashion; Design; Interior Design | N | 49 | 2
Audio Performances & Dramatizations | ? | - | 10
Entertainment & Performing Arts; Film & TV; Interviews & Panels; Theater | N | 49 | 2
Music | N | 49 | 32
""",
    "Biographies & Memoirs": """
Adventurers, Explorers & Survival | N | 50 | 3 1
Art & Literature; Entertainment & Celebrities; Cultural, Ethnic & Regional | N | 50 | 3
Historical | N | 50 | 3 17
LGBTQ+ | N | 50 | 3 25
Military & War | N | 50 | 3 63
Politics & Activism | N | 50 | 3 39
Professionals & Academics; Women; Memoirs; Aviation & Nautical; Environmentalists & Naturalists | N | 50 | 3
Business; Business Leaders | N | 50 | 3 4
Religious | N | 50 | 3 41
Science & Technology Leaders | N | 50 | 3 44
Sports | N | 50 | 3 49
True Crime | N | 100 | 9 3
""",
    "Business & Careers": """
Business Development & Entrepreneurship; Career Success; Management & Leadership;
  Marketing & Sales | N | 83 | 4
Women in Business; Workplace & Organizational Behavior; Workplace Culture; Human Resources | N | 83 | 4
""",
    "Money & Finance": """
Economics | N | 83 | 4 39
Corporate & Public Finance; E-Commerce; Insurance; International; Investing & Trading;
  Investing | N | 83 | 4
Personal Finance; Real Estate; Banks & Banking; Accounting; Taxation | N | 83 | 4
""",
    "Children's Audiobooks": """
Action & Adventure | F | 44 | 23 1
Activities & Hobbies | N | 44 | 23 49
Animals & Nature | ? | 44 | 23
Biographies | N | 44 | 23 3
Comics & Graphic Novels | F | 44 | 23
Education & Learning | N | 44 | 23 11
Fairy Tales, Folk Tales & Myths | F | 44 | 23 13
Geography & Cultures; Growing Up & Facts of Life; Vehicles & Transportation | ? | 44 | 23
Health & Healthy Living | N | 44 | 23 16
History | N | 44 | 23 17
Holidays & Celebrations; Literature & Fiction; Humor; Early Readers | F | 44 | 23
Music & Performing Arts | ? | 44 | 23
Mystery & Suspense; Mysteries & Detectives | F | 44 | 23 34
Religions | ? | 44 | 23 41
Science & Technology | N | 44 | 23 44
Science Fiction & Fantasy | F | 44 | 23
Sports & Outdoors | ? | 44 | 23 49
""",
    "Teen & Young Adult": """
Biographies | N | 111 | 55 3
Health, Lifestyle & Relationships | N | 111 | 55
Historical Fiction | F | 111 | 55 17
History | N | 111 | 55 17
LGBTQ+ | ? | 111 | 55 25
Literature & Fiction | F | 111 | 55
Mysteries & Thrillers; Mystery, Thriller & Suspense | F | 111 | 55 34
Religion & Spirituality | ? | 111 | 55 41
Romance | F | 111 | 55 42
Science Fiction & Fantasy; Science Fiction & Dystopian | F | 111 | 55
Sports & Outdoors | ? | 111 | 55 49
Education & Learning | N | 111 | 55 11
Science & Technology | N | 111 | 55 44
""",
    "Comedy & Humor": """
Humor; Parodies; Essays; Satire | ? | 99 | 20
Literature & Fiction | F | 99 | 20
Performing Arts; Stand-Up Comedy | N | 99 | 5
""",
    "Computers & Technology": """
Computer Science; Programming & Software Development; Security & Encryption; Networking | N | 51 | 7
Content Creation & Social Media; History & Culture; Internet & Social Media; Software | N | 51 | 7 50
Artificial Intelligence; Data Science | N | 51 | 7 50
""",
    "Education & Learning": """
Education; College; Higher & Continuing Education; Teaching | N | 84 | 11
Language Learning; Language Instruction | N | 56 | 24
Test Preparation; Studying & Test Preparation; Study Guides | N | 84 | 11
Words, Language & Grammar | N | 56 | 24 40
Writing & Publishing | N | 84 | 22
""",
    "Erotica": """
Literature & Fiction; Anthologies & Short Stories; BDSM; Contemporary; Interracial | F | 46 | 42
LGBTQ+; Gay; Lesbian | F | 46 | 42 25
Fantasy | F | 46 | 42 13
Science Fiction | F | 46 | 42 45
Paranormal | F | 46 | 42 36
Historical | F | 46 | 42 17
Education; Sexual Health; Sex Instruction | N | 53 | 16 46
""",
    "Health & Wellness": """
Addiction & Recovery; Aging & Longevity; Beauty, Grooming & Style; Hygiene & Healthy Living | N | 53 | 16 46
Alternative & Complementary Medicine; Alternative Medicine | N | 85 | 16 31
Children's Health; Disorders & Diseases; Physical Illness & Disease; Reproductive Health | N | 85 | 31 16
Exercise & Fitness; Fitness, Diet & Nutrition; Diets, Nutrition & Healthy Eating; Nutrition | N | 53 | 16
Exercise, Fitness & Weight Loss; Weight Loss; Yoga; Safety & Emergency Preparedness | N | 53 | 16
Medicine & Health Care Industry; Medicine | N | 85 | 31
Psychology & Mental Health; Mental Health; Psychology | N | 85 | 31
Sexual & Reproductive Health; Sex & Sexuality; Women's Health; Men's Health | N | 85 | 16 31
""",
    "History": """
Africa; Americas; Ancient; Asia; Australia & Oceania; Australia, New Zealand & Oceania; Europe | N | 54 | 17
Middle East; Modern; Russia; World; United States; Women in History; Historical Study;
  State & Local | N | 54 | 17
Military; Military & War; Wars & Conflicts | N | 54 | 17 63
""",
    "Home & Garden": """
Crafts & Hobbies | N | 97 | 8 49
Food & Wine; Cooking | N | 106 | 14
Gardening & Horticulture; House & Home; Sustainable & Green Living | N | 55 | 18
Pets & Animal Care | N | 119 | 35
""",
    "LGBTQ+": """
Biographies & Memoirs | N | 50 | 3 25
Children's Audiobooks | ? | 44 | 23 25
History | N | 54 | 17 25
Literature & Fiction | F | - | 25
Mystery, Thriller & Suspense | F | 40 | 51 25
Parenting & Families | N | 53 | 46 25
Politics & Social Sciences; LGBTQ+ Studies | N | 58 | 39 25
Romance | F | 46 | 42 25
Science Fiction & Fantasy | F | - | 25
Teen & Young Adult | ? | 111 | 55 25
Travel | N | 89 | 52 25
""",
    "Literature & Fiction": """
Action & Adventure | F | 39 | 1
African American; World Literature; Women's Fiction; Family Life; Small Town & Rural;
  Friendship | F | - | 59
Ancient, Classical & Medieval Literature; Classics; Classic Literature | F | 45 | 28
Animal Fiction; Anthologies & Short Stories; Holidays; Genre Fiction; Sagas; Urban; Epistolary | F | - |
Biographical Fiction | F | - | 3
City Life; Contemporary; Contemporary Fiction; Friendship Fiction; Mothers & Children | F | - | 59
Coming of Age | F | - | 59
Dark Humor; Humor & Satire; Humorous; Satire; Humor | F | 99 | 20
Drama & Plays; Drama; Shakespeare | F | - | 60
Erotica | F | 46 | 42
Essays; Literary History & Criticism; Criticism; Memoirs, Diaries & Correspondence | N | - | 40
Fairy Tales; Folklore; Mythology & Folk Tales | F | 41 | 13
Fantasy | F | 41 | 13
Gothic; Horror; Ghosts; Occult | F | 43 | 19
Historical Fiction; Historical | F | 98 | 17
LGBTQ+ | F | - | 25
Literary Fiction | F | - | 57
Magical Realism | F | 41 | 13 57
Medical; Political; Legal | F | 40 | 51
Military; Military & War; War & Military | F | 39 | 63
Mystery | F | 87 | 34
Poetry | ? | - | 38
Psychological | F | - | 57
Religious & Inspirational; Religious Fiction | F | - | 41
Romance | F | 46 | 42
Science Fiction | F | 47 | 45
Sea Adventures | F | 39 | 1
Sports | F | - | 49
Thriller & Suspense; Crime | F | 40 | 51
Westerns; Western | F | 48 | 54
""",
    "Mystery, Thriller & Suspense": """
Anthologies & Short Stories | F | 87 | 34
Crime Fiction; Crime; Noir; Hard-Boiled; Heist; Organized Crime | F | 40 | 9
Crime Thrillers; Thriller & Suspense; Thrillers; Suspense; Espionage; Political; Legal; Medical;
  Techno | F | 40 | 51
Psychological; Domestic; Military; Conspiracies; Assassins; Kidnapping; Vigilante Justice | F | 40 | 51
Historical | F | 87 | 34 17
International Mystery & Crime | F | 87 | 34 9
Modern Detectives; Traditional Detectives; Amateur Sleuths; Cozy; Police Procedurals | F | 87 | 34
Mystery; Detective; Private Investigators; Women Sleuths; British Detectives | F | 87 | 34
Supernatural; Paranormal; Ghosts | F | 87 | 34 36
True Crime | N | 100 | 9
""",
    "Politics & Social Sciences": """
Anthropology; Archaeology | N | 57 | 44 39
Philosophy | N | 88 | 37
Law; Politics & Government; Public Policy; Freedom & Security; Political Science;
  International Relations | N | 58 | 39
Social Sciences; Sociology; Gender Studies; Women's Studies; Demography; Specific Demographics | N | 58 | 39
True Crime; Crime | N | 100 | 9
Current Events; Journalism | N | 58 | 39 12
""",
    "Relationships, Parenting & Personal Development": """
Parenting & Families; Personal Development; Relationships; Motivation & Self-Improvement;
  Friendship | N | 53 | 46
Marriage & Long-Term Partnerships; Dating; Divorce; Grief & Loss; Family; Elder Care | N | 53 | 46
""",
    "Religion & Spirituality": """
Agnosticism; Atheism; Bibles & Bible Study; Buddhism; Christianity; Eastern Religions; Hinduism;
  Islam | N | 58 | 41
Judaism; Other Religions, Practices & Sacred Texts; Religious Studies; Spirituality; Theology | N | 58 | 41
Occult; Paranormal; New Age; Divination; Wicca, Witchcraft & Paganism | N | 58 | 61
Fiction; Literature & Fiction; Religious Fiction | F | - | 41
""",
    "Romance": """
Action & Adventure | F | 46 | 42 1
African American; Anthologies & Short Stories; Billionaires; Clean & Wholesome; Collections | F | 46 | 42
Christian; Inspirational; Amish | F | 46 | 42 41
Contemporary; Multicultural; New Adult; Workplace; Small Town; Medical; Later in Life | F | 46 | 42 59
Erotic; Erotica; Dark; Enemies to Lovers; Love Triangle | F | 46 | 42
Fantasy; Romantasy; Fantasy, Supernatural & Paranormal | F | 46 | 42 13
Gothic; Paranormal; Vampires; Shifters; Witches & Wizards | F | 46 | 42 36
Historical; Regency; Victorian; Scottish; Viking; Medieval | F | 46 | 42 17
Holidays | F | 46 | 42
LGBTQ+; Gay; Lesbian | F | 46 | 42 25
Military | F | 46 | 42 63
Mystery & Suspense; Romantic Suspense; Suspense | F | 46 | 42 51
Romantic Comedy; Comedy | F | 46 | 42 20
Science Fiction | F | 46 | 42 45
Sports | F | 46 | 42 49
Time Travel; Ghosts | F | 46 | 42 36
Western; Westerns | F | 46 | 42 54
""",
    "Science & Engineering": """
Astronomy & Space Science; Physics; Chemistry; Science; History & Philosophy; Reference;
  Weather | N | 57 | 44
Biological Sciences; Biology; Evolution & Genetics; Earth Sciences; Social Sciences | N | 57 | 44
Engineering; Technology; Transportation | N | 57 | 50
Environment; Nature & Ecology; Outdoors & Nature; Animals; Conservation | N | 119 | 35
Mathematics; Statistics | N | 57 | 30
Medicine; Neuroscience & Neuropsychology | N | 85 | 31
Agricultural & Food Sciences | N | 57 | 44
""",
    "Science Fiction & Fantasy": """
Fantasy | F | 41 | 13
Science Fiction | F | 47 | 45
Gaming; LitRPG | F | 41 | 29
Horror | F | 43 | 19
""",
    "Sports & Outdoors": """
Adventure Sports; Baseball; Basketball; Football; Football (Soccer); Soccer; Golf; Hockey;
  Racket Sports | N | 59 | 49
Biographies & Memoirs | N | 50 | 3 49
Business of Sports; Coaching; Combat Sports & Self-Defense; Cycling; Extreme Sports;
  Individual Sports | N | 59 | 49
Fitness, Diet & Nutrition | N | 53 | 16 49
History of Sports; Olympics & Paralympics; Running & Jogging; Sports History;
  Sports Psychology | N | 59 | 49
Outdoors & Nature; Hunting & Fishing; Hiking & Camping | N | 119 | 35 49
Team Sports; Water Sports; Winter Sports; Motor Sports; Equestrian Sports; Martial Arts | N | 59 | 49
""",
    "Travel & Tourism": """
Adventure Travel; Essays & Travelogues; Guided Tours; Travel Writing;
  Food, Lodging & Transportation | N | 89 | 52
Africa; Americas; Asia; Australia & Oceania; Canada; Caribbean; Europe; Middle East;
  Polar Regions | N | 89 | 52
United States; Central & South America; Mexico; Specialty Travel;
  Tourist Destinations & Museums | N | 89 | 52
""",
}

SECOND: dict[str, dict[str, Row]] = {genre_key(top): read_rows(table) for top, table in _TABLES.items()}
