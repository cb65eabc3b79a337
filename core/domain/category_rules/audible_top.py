"""Audible's top-level genres, in the spellings of its marketplaces and of its older catalogue.

Old categories here are the last resort of a ladder; the tables of deeper steps say more.
"""

from __future__ import annotations

from core.domain.category_rules.rows import read_rows

TOP = read_rows("""
Arts & Entertainment; Kunst & Unterhaltung; Arts et divertissements; Arte y entretenimiento | N | 49 | 2
Biographies & Memoirs; Bios & Memoirs; Biografien & Erinnerungen; Biographies et mémoires;
  Biografías y memorias; Biografie e memorie | N | 50 | 3
Business & Careers; Business; Wirtschaft & Karriere; Entreprise et carrières; Negocios y carreras;
  Business e carriera | N | 83 | 4
Money & Finance; Geld & Finanzen; Argent et finance; Dinero y finanzas; Denaro e finanza | N | 83 | 4
Children's Audiobooks; Kids; Kinder-Hörbücher; Livres audio pour enfants; Audiolibros para niños;
  Audiolibri per bambini | ? | 44 | 23
Teen & Young Adult; Teens; Jugend-Hörbücher; Adolescents et jeunes adultes; Adolescentes y jóvenes;
  Ragazzi | ? | 111 | 55
Comedy & Humor; Comedy & Humour; Comedy; Comedy & Humor Audiobooks | ? | 99 | 20
Computers & Technology; Computer & Technologie; Informatique et technologie;
  Informática y tecnología | N | 51 | 7
Science & Technology | N | 57 | 44 50
Education & Learning; Bildung & Lernen; Éducation et apprentissage; Educación y formación | N | 84 | 11
Language Instruction; Language Learning | N | 56 | 24
Erotica; Erotica & Sexuality; Erotik; Érotisme; Literatura erótica | F | 46 | 42
Health & Wellness; Health & Fitness; Gesundheit & Wellness; Santé et bien-être;
  Salud y bienestar | N | 53 | 16
History; Geschichte; Histoire; Historia; Storia | N | 54 | 17
Home & Garden; Heim & Garten; Maison et jardin; Hogar y jardín | N | 55 | 18
LGBTQ+; LGBTQIA+; LGBT | ? | - | 25
Literature & Fiction; Fiction; Literatur & Belletristik; Littérature et fiction; Literatura y ficción;
  Letteratura e narrativa | F | 42 |
Classics; Klassiker; Classiques | F | 45 | 28
Drama & Poetry | F | 45 | 60
Mystery, Thriller & Suspense; Mysteries & Thrillers; Mystery & Thrillers; Krimis & Thriller;
  Crime & Thrillers; Policier, thriller et suspense; Policíaca, negra y suspense;
  Gialli e thriller | F | 40 | 51
Politics & Social Sciences; Nonfiction; News & Politics; Politik & Sozialwissenschaften;
  Politique et sciences sociales; Política y ciencias sociales | N | 58 | 39
Relationships, Parenting & Personal Development; Self Development; Self-Help;
  Beziehungen, Elternschaft & persönliche Entwicklung; Desarrollo personal | N | 53 | 46
Religion & Spirituality; Religion; Spiritualität & Religion; Religion et spiritualité;
  Religión y espiritualidad | N | 58 | 41
Romance; Liebesromane; Romans d'amour; Romántica; Romanzi rosa | F | 46 | 42
Science & Engineering; Wissenschaft & Technik; Sciences et ingénierie; Ciencia e ingeniería | N | 57 | 44
Science Fiction & Fantasy; Sci-Fi & Fantasy; Science Fiction y fantasía; Science-fiction et fantasy;
  Fantascienza e fantasy | F | - |
Sports & Outdoors; Sports; Sport & Outdoor; Sports et plein air; Deportes y aire libre | N | 59 | 49
Travel & Tourism; Travel & Adventure; Reise & Tourismus; Voyages et tourisme; Viajes y turismo | N | 89 | 52
Travel | N | 89 | 52
True Crime | N | 100 | 9
Newspapers & Magazines | N | 52 | 12
Radio & TV; Live Events | ? | - |
""")
